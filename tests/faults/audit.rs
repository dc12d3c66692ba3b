use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use testkit::smtp::SmtpSink;
use tests::{Eshot, Staff, import};

/// Slow enough that there is a middle, with leases short enough that a test outlives them.
pub(crate) const SETTINGS: &str = "limits.relay = \"60/s\"\nsender.lease = \"10s\"\nrelay.connections = 4\n";

/// Longer than a lease of `SETTINGS`.
pub(crate) const PAST_THE_LEASE: Duration = Duration::from_secs(11);

/// As many as `SETTINGS` allow.
pub(crate) const CONNECTIONS: i64 = 4;

/// Brings in so many people and sends them a campaign; gives its id.
pub(crate) async fn campaign(eshot: &Eshot, people: usize) -> String {
    let staff = Staff::of(eshot).await;
    import(eshot, (1..=people).map(|n| format!("person{n}@example.com")));
    staff.send("offers", "Autumn offer").await
}

/// Waits until nothing of the campaign is open any more, and gives its numbers. What is in doubt stays so.
pub(crate) async fn settled(eshot: &Eshot, campaign: &str) -> Value {
    settled_by(&[eshot], campaign).await
}

/// The same where several instances work, all by the same clock; the first of them is asked.
pub(crate) async fn settled_by(instances: &[&Eshot], campaign: &str) -> Value {
    let staff = Staff::of(instances[0]).await;
    let mut report = Value::Null;
    for _ in 0..240 {
        report = staff.report(campaign).await;
        let count = |state: &str| report["submission"][state].as_i64().unwrap();
        let launched = !["scheduled", "launching"].map(Value::from).contains(&report["status"]);
        match (count("queued") + count("submitting"), count("deferred")) {
            (0, 0) if launched => return report,
            (0, 0) => {}
            // Only what was put off is left, so the clock may as well move.
            (0, _) => instances.iter().for_each(|eshot| eshot.advance(Duration::from_secs(600))),
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("the campaign does not settle: {report}");
}

/// What the program says of its audience, and what the relay saw.
#[derive(Debug)]
pub(crate) struct Audience {
    submission: BTreeMap<String, i64>,
    mails: BTreeMap<String, usize>,
}

impl Audience {
    pub(crate) fn of(report: &Value, sink: &SmtpSink) -> Self {
        let states = report["submission"].as_object().unwrap();
        let submission = states.iter().map(|(state, count)| (state.clone(), count.as_i64().unwrap())).collect();
        Self { submission, mails: sink.by_recipient() }
    }

    /// With what an earlier relay saw.
    pub(crate) fn and(mut self, earlier: &BTreeMap<String, usize>) -> Self {
        for (recipient, count) in earlier {
            *self.mails.entry(recipient.clone()).or_default() += count;
        }
        self
    }

    /// Without what the relay had seen before the campaign.
    pub(crate) fn without(mut self, before: &BTreeMap<String, usize>) -> Self {
        for (recipient, count) in before {
            *self.mails.entry(recipient.clone()).or_default() -= count;
        }
        self.mails.retain(|_, count| *count > 0);
        self
    }

    pub(crate) fn nobody_twice(&self) {
        let twice: Vec<_> = self.mails.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    /// Everybody has the mail, or a row says that they may not.
    pub(crate) fn nobody_missing(&self, audience: i64) {
        assert_eq!(self.submission.values().sum::<i64>(), audience, "{:?}", self.submission);
        let reached = i64::try_from(self.mails.len()).unwrap();
        let sent = self.submission["sent"];
        assert!(sent <= reached && reached <= sent + self.in_doubt(), "{reached} reached, {:?}", self.submission);
    }

    pub(crate) fn in_doubt(&self) -> i64 {
        self.submission["in_doubt"]
    }
}
