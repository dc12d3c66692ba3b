//! What it depends on goes away and comes back.

use std::time::Duration;

use testkit::smtp::{Script, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Staff, wait_until};

use crate::audit::{Audience, SETTINGS, campaign, settled};

both!(
    async fn while_the_relay_is_down_nothing_is_lost_and_afterwards_everything_goes(db: TestDb) {
        let mut sink = SmtpSink::start().await;
        let address = sink.address();
        let eshot = Eshot::start(&db, address, SETTINGS);
        let id = campaign(&eshot, 200).await;
        wait_until("a part of the campaign", async || sink.count() >= 50).await;
        sink.stop().await;
        let before = sink.by_recipient();
        tokio::time::sleep(Duration::from_secs(3)).await;
        let staff = Staff::of(&eshot).await;
        assert_eq!(staff.report(&id).await["submission"]["failed"], 0, "a relay that is down fails nobody");

        let again = SmtpSink::bind(address, Script::default()).await;
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &again).and(&before);
        audience.nobody_twice();
        audience.nobody_missing(200);
    }
);
