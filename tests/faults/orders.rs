//! What staff order holds at once, however much is under way.

use std::time::Duration;

use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Staff, wait_until};

use crate::audit::{Audience, campaign, settled};

/// How long after the answer to an order the last mail may be accepted.
const AT_ONCE: Duration = Duration::from_secs(1);

/// As many connections as a large installation has.
const WIDE: &str = "limits.relay = \"150/s\"\nrelay.connections = 50\n";

/// Gives the order, and says how many mails the relay had accepted a second after the answer; none may come later.
async fn order(eshot: &Eshot, sink: &SmtpSink, campaign: &str, act: &str) -> usize {
    Staff::of(eshot).await.act(campaign, act).await;
    tokio::time::sleep(AT_ONCE).await;
    let by_then = sink.count();
    tokio::time::sleep(AT_ONCE * 2).await;
    assert_eq!(sink.count(), by_then, "mails went more than {AT_ONCE:?} after {act}");
    by_then
}

both!(
    async fn a_pause_and_a_cancel_hold_within_a_second_at_fifty_connections(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), WIDE);
        let id = campaign(&eshot, 900).await;
        wait_until("a part of the campaign", async || sink.count() >= 100).await;
        let paused = order(&eshot, &sink, &id, "pause").await;
        assert!(paused < 900, "it stopped in the middle");
        Staff::of(&eshot).await.act(&id, "resume").await;
        wait_until("more of the campaign", async || sink.count() >= paused + 100).await;
        let cancelled = order(&eshot, &sink, &id, "cancel").await;
        assert!(cancelled < 900, "it was cancelled in the middle");
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(900);
        assert_eq!(report["submission"]["sent"], cancelled, "{report}");
    }
);

both!(
    async fn a_pause_holds_within_a_second_under_a_limit_of_one_a_minute_and_what_was_spared_goes_later(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "limits.relay = \"1/m\"\nrelay.connections = 50\n");
        let id = campaign(&eshot, 5).await;
        wait_until("the first", async || sink.count() >= 1).await;
        let paused = order(&eshot, &sink, &id, "pause").await;
        eshot.advance(Duration::from_secs(180));
        tokio::time::sleep(AT_ONCE).await;
        assert_eq!(sink.count(), paused, "a pause lasts");
        Staff::of(&eshot).await.act(&id, "resume").await;
        wait_until("the next", async || sink.count() > paused).await;
        let cancelled = order(&eshot, &sink, &id, "cancel").await;
        assert!(cancelled < 5, "{cancelled}");
        eshot.advance(Duration::from_secs(180));
        tokio::time::sleep(AT_ONCE).await;
        assert_eq!(sink.count(), cancelled, "a cancel is for good");
    }
);
