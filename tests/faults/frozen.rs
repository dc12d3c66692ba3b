//! SIGSTOP past the lease, then on.

use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, wait_until};

use crate::audit::{Audience, CONNECTIONS, PAST_THE_LEASE, SETTINGS, campaign, settled, settled_by};

both!(
    async fn frozen_past_its_lease_and_thawed_it_sends_nobody_two_mails(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), SETTINGS);
        let id = campaign(&eshot, 300).await;
        for round in 1..=2 {
            wait_until("a part of the campaign", async || sink.count() >= round * 60).await;
            eshot.freeze();
            tokio::time::sleep(PAST_THE_LEASE).await;
            eshot.thaw();
        }
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(300);
        assert!(audience.in_doubt() <= 2 * CONNECTIONS, "{report}");
    }
);

/// PostgreSQL alone takes two servers.
#[test]
fn a_second_instance_takes_over_what_a_frozen_one_holds_and_neither_repeats_the_other() {
    testkit::run(async {
        let Some(db) = TestDb::postgres().await else {
            return eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
        };
        let sink = SmtpSink::start().await;
        let first = Eshot::start(&db, sink.address(), SETTINGS);
        let second = first.join(&db, sink.address(), SETTINGS);
        let id = campaign(&first, 400).await;
        wait_until("a part of the campaign", async || sink.count() >= 80).await;
        first.freeze();
        wait_until("the second instance to go on", async || sink.count() >= 300).await;
        first.thaw();
        let report = settled_by(&[&second, &first], &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(400);
        assert!(audience.in_doubt() <= CONNECTIONS, "{report}");
    });
}
