//! Somebody sets the machine's clock, by hours, in the middle of a campaign.

use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Staff, wait_until};

use crate::audit::{Audience, CONNECTIONS, SETTINGS, campaign, settled};

/// As one is that was kept in local time and is read as UTC, or the other way round.
const HOURS: i64 = 3 * 60 * 60;

/// As `SETTINGS`, and the connections are counted over all instances.
const SLOTS: &str =
    "limits.relay = { rate = \"60/s\", connections = 4 }\nsender.lease = \"10s\"\nrelay.connections = 4\n";

both!(
    async fn a_clock_that_is_set_ahead_and_back_again_sends_nobody_two_mails_and_stops_nothing(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), SETTINGS);
        let id = campaign(&eshot, 400).await;
        for (round, by) in [HOURS, -HOURS, -HOURS, HOURS].into_iter().enumerate() {
            wait_until("a part of the campaign", async || sink.count() >= 60 * (round + 1)).await;
            eshot.set_clock(by);
        }
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(400);
        assert_eq!(audience.in_doubt(), 0, "every answer was heard: {report}");
    }
);

both!(
    async fn what_a_killed_program_had_in_hand_by_a_clock_that_was_ahead_is_free_at_once(db: TestDb) {
        let sink = SmtpSink::start().await;
        let mut eshot = Eshot::start(&db, sink.address(), SLOTS);
        eshot.set_clock(HOURS);
        let first = campaign(&eshot, 300).await;
        wait_until("a part of the campaign", async || sink.count() >= 60).await;
        eshot.kill();
        eshot.set_clock_while_down(-HOURS);
        eshot.restart();
        // Whoever waited for the time to which a role, a rate, a connection or a claim was written down would wait for hours.
        wait_until("another part", async || sink.count() >= 120).await;
        let second = Staff::of(&eshot).await.send("offers", "Winter offer").await;
        let (report, next) = (settled(&eshot, &first).await, settled(&eshot, &second).await);
        let doubts = report["submission"]["in_doubt"].as_i64().unwrap();
        assert!(doubts <= CONNECTIONS, "{report}");
        assert_eq!(report["submission"]["sent"], 300 - doubts, "{report}");
        assert_eq!(next["submission"]["sent"], 300, "{next}");
        let most = sink.by_recipient().into_values().max();
        assert_eq!(most, Some(2), "one mail of each campaign");
        assert!(sink.by_recipient().len() as i64 >= 300 - doubts);
    }
);
