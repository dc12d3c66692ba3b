//! What it depends on goes away and comes back.

use std::time::Duration;

use testkit::smtp::{Moment, Rule, Script, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Staff, wait_until};

use crate::audit::{Audience, SETTINGS, campaign, settled};

both!(
    async fn while_the_relay_is_down_for_a_minute_nothing_is_lost_and_afterwards_everything_goes(db: TestDb) {
        let mut sink = SmtpSink::start().await;
        let address = sink.address();
        let eshot = Eshot::start(&db, address, SETTINGS);
        let id = campaign(&eshot, 200).await;
        wait_until("a part of the campaign", async || sink.count() >= 50).await;
        sink.stop().await;
        let before = sink.by_recipient();
        // A minute by its own clock, in which it tries again and again.
        for _ in 0..3 {
            eshot.advance(Duration::from_secs(20));
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let staff = Staff::of(&eshot).await;
        assert_eq!(staff.report(&id).await["submission"]["failed"], 0, "a relay that is down fails nobody");

        let again = SmtpSink::bind(address, Script::default()).await;
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &again).and(&before);
        audience.nobody_twice();
        audience.nobody_missing(200);
    }
);

both!(
    async fn a_relay_that_closes_without_a_word_or_answers_421_at_the_door_costs_nobody_a_mail(db: TestDb) {
        let sink = SmtpSink::with(Script { messages_per_connection: Some(20), ..Script::default() }).await;
        let eshot = Eshot::start(&db, sink.address(), SETTINGS);
        let id = campaign(&eshot, 240).await;
        wait_until("a part of the campaign", async || sink.count() >= 100).await;
        // Whoever comes now, with the twenty messages of the last connection behind them, is sent away a few times.
        sink.add(Rule::reply(Moment::Connect, "421 4.3.2 too busy").times(4));
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(240);
        assert_eq!((&report["submission"]["sent"], audience.in_doubt()), (&240.into(), 0), "{report}");
        assert!(sink.connections() >= 240 / 20 + 4, "{} connections", sink.connections());
    }
);

both!(
    async fn a_relay_that_puts_everybody_off_for_five_minutes_delays_them_and_no_more(db: TestDb) {
        let sink = SmtpSink::start().await;
        sink.add(Rule::reply(Moment::Rcpt, "450 4.3.0 try again later"));
        let eshot = Eshot::start(&db, sink.address(), SETTINGS);
        let id = campaign(&eshot, 120).await;
        let staff = Staff::of(&eshot).await;
        wait_until("everybody to be put off", async || staff.report(&id).await["submission"]["deferred"] == 120).await;
        assert_eq!(sink.count(), 0);
        eshot.advance(Duration::from_secs(300));
        sink.forgive();
        let report = settled(&eshot, &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(120);
        assert_eq!(report["submission"]["sent"], 120, "{report}");
    }
);
