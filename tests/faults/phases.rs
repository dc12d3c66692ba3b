//! A relay that falls silent, or hangs up, at each point of the dialogue.

use std::collections::BTreeSet;

use testkit::smtp::{Deed, Moment, Rule, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Staff, import};

use crate::audit::{Audience, settled};

/// Few enough that each campaign takes moments, and more than misfortunes.
const PEOPLE: i64 = 12;

/// How often the relay fails in each campaign: on three of four connections at once.
const TIMES: usize = 3;

/// A relay that falls silent is waited for no longer than a test should be.
const IMPATIENT: &str = "relay.connections = 4\nrelay.connect_timeout = \"300ms\"\nrelay.command_timeout = \"300ms\"\n\
                         relay.body_timeout = \"300ms\"\nrelay.final_timeout = \"300ms\"\n";

/// Every point, and whether a message may have been taken by then. One of 20 kB leaves together with its dot, so that whoever breaks
/// off in its body has been sent the dot.
const MOMENTS: [(Moment, bool); 7] = [
    (Moment::Connect, false),
    (Moment::Ehlo, false),
    (Moment::Mail, false),
    (Moment::Rcpt, false),
    (Moment::Data, false),
    (Moment::Body, true),
    (Moment::Dot, true),
];

both!(
    async fn a_relay_that_hangs_in_any_phase_leaves_nobody_out_and_a_doubt_only_behind_the_dot(db: TestDb) {
        in_every_phase(&db, &Deed::Hang).await;
    }
);

both!(
    async fn a_relay_that_drops_in_any_phase_leaves_nobody_out_and_a_doubt_only_behind_the_dot(db: TestDb) {
        in_every_phase(&db, &Deed::Drop).await;
    }
);

/// A campaign for each point, to the same people.
async fn in_every_phase(db: &TestDb, deed: &Deed) {
    let sink = SmtpSink::start().await;
    let eshot = Eshot::start(db, sink.address(), IMPATIENT);
    import(&eshot, everybody().into_iter());
    let staff = Staff::of(&eshot).await;
    for (moment, taken) in MOMENTS {
        let (before, earlier) = (sink.by_recipient(), sink.count());
        sink.add(Rule::new(moment, deed.clone()).times(TIMES));
        let id = staff.send("offers", &format!("{deed:?} {moment:?}")).await;
        let report = settled(&eshot, &id).await;
        let case = format!("{deed:?} {moment:?}: {report}");

        let audience = Audience::of(&report, &sink).without(&before);
        audience.nobody_twice();
        audience.nobody_missing(PEOPLE);
        let doubts = if taken { i64::try_from(TIMES).unwrap() } else { 0 };
        assert_eq!(audience.in_doubt(), doubts, "{case}");
        assert_eq!(report["submission"]["sent"], PEOPLE - doubts, "{case}");
        let mut unanswered = everybody();
        for mail in sink.messages().iter().skip(earlier).filter(|mail| mail.answered) {
            assert!(unanswered.remove(mail.recipient()), "{case}");
        }
        assert_eq!(in_doubt(&staff, &id).await, unanswered, "{case}");
    }
}

fn everybody() -> BTreeSet<String> {
    (1..=PEOPLE).map(|n| format!("person{n}@example.com")).collect()
}

/// Whose deliveries of a campaign are in doubt.
async fn in_doubt(staff: &Staff<'_>, campaign: &str) -> BTreeSet<String> {
    let deliveries = staff.get(&format!("/campaigns/{campaign}/deliveries?state=in_doubt")).await;
    let mut people = BTreeSet::new();
    for delivery in deliveries["items"].as_array().unwrap() {
        let person = staff.get(&format!("/subscribers/{}", delivery["subscriber"].as_str().unwrap())).await;
        people.insert(person["email"].as_str().unwrap().to_owned());
    }
    people
}
