//! How one of several relays that took no mail has its mail again.

use std::num::NonZeroU32;
use std::time::Duration;

use limits::Limit;
use sender::Outlet;
use testkit::smtp::{Hold, Moment, Rule, Script, SmtpSink};
use testkit::{TestDb, both};

use crate::house::{House, relay, second_brand};
use crate::relays::{first_and_second, outlet, patient, sender};

both!(
    async fn a_relay_with_a_connection_limit_comes_back_after_a_long_outage(db: TestDb) {
        let limit = Limit { connections: NonZeroU32::new(1), ..Limit::default() };
        let settings = ::limits::Settings { relays: [("first".to_owned(), limit)].into(), ..Default::default() };
        let (mut house, second) = (House::with(&db, Script::default(), settings).await, SmtpSink::start().await);
        house.enrol_many(6).await;
        let (address, outlets) = (house.sink.address(), first_and_second(&house, &second));
        house.sink.stop().await;
        let mut sender = sender(&house, outlets);
        for _ in 0..5 {
            house.launch().await;
            assert_eq!(sender.tick().await.unwrap().tally.sent, 6);
            house.clock.advance(Duration::from_secs(6));
        }
        assert_eq!(second.count(), 30);
        house.sink = SmtpSink::bind(address, Script::default()).await;
        house.advance_minutes(1);
        house.launch().await;
        assert_eq!(sender.tick().await.unwrap().relay, None);
        let before = house.sink.count();
        house.launch().await;
        sender.tick().await.unwrap();
        assert_eq!(house.sink.count() - before, 6, "all of it is the first one's again");
    }
);

both!(
    async fn a_relay_with_a_rate_that_took_no_message_comes_back(db: TestDb) {
        let relays = [("first".to_owned(), Limit::rate("10/s".parse().unwrap()))].into();
        let settings = ::limits::Settings { relays, ..Default::default() };
        let (house, second) = (House::with(&db, Script::default(), settings).await, SmtpSink::start().await);
        house.sink.add(Rule::reply(Moment::Mail, "452 4.3.1 daily sending quota exceeded"));
        house.enrol_many(40).await;
        house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        assert!(sender.tick().await.unwrap().relay.is_some());
        house.sink.forgive();
        house.advance_minutes(60);
        assert_eq!(sender.tick().await.unwrap().relay, None, "one message has shown that it takes mail");
        assert!(house.sink.count() >= 1);
    }
);

both!(
    async fn what_waits_for_one_relay_that_is_tried_keeps_no_other_s_mail_waiting(db: TestDb) {
        let (mut house, mut second, hold) = (House::new(&db).await, SmtpSink::start().await, Hold::default());
        let for_brand = |outlet: Outlet, brand: &str| Outlet { brands: vec![brand.to_owned()], ..outlet };
        let outlets = vec![
            for_brand(outlet("first", relay(&house.sink), 1, 1), "acme"),
            for_brand(outlet("second", patient(&second), 1, 1), "zeta"),
        ];
        house.enrol_many(1).await;
        let acme = second_brand(&mut house).await;
        house.enrol(&["z1@example.com"]).await;
        for _ in 0..20 {
            house.launch().await;
        }
        let address = second.address();
        second.stop().await;
        let mut sender = sender(&house, outlets);
        assert!(sender.tick().await.unwrap().relay.is_some());
        let second = SmtpSink::bind(address, Script::default()).await;
        second.add(Rule::hold(Moment::Connect, &hold));
        house.clock.advance(Duration::from_secs(2));
        let (tick, ()) = tokio::join!(sender.tick(), async {
            while second.connections() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (house.brand, house.topics) = acme;
            house.launch().await;
            // It is time to look for more.
            house.clock.advance(Duration::from_millis(100));
            let went = tokio::time::timeout(Duration::from_secs(30), house.sink.wait_for(1)).await;
            hold.let_go();
            went.unwrap();
        });
        assert_eq!(tick.unwrap().relay, None);
        assert!(second.count() >= 1);
        // What rested in the meantime goes now.
        house.clock.advance(Duration::from_secs(10));
        sender.tick().await.unwrap();
        assert_eq!((house.sink.count(), second.count()), (1, 20));
    }
);

both!(
    async fn a_trial_that_shows_nothing_is_not_repeated_at_once(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        house.sink.add(Rule::reply(Moment::Mail, "452 4.3.1 daily sending quota exceeded"));
        house.enrol_many(40).await;
        house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        assert!(sender.tick().await.unwrap().relay.is_some());
        house.sink.forgive();
        house.sink.add(Rule::reply(Moment::Rcpt, "450 4.2.0 greylisted"));
        house.clock.advance(Duration::from_secs(30));
        house.launch().await;
        let tick = sender.tick().await.unwrap();
        assert_eq!((tick.tally.sent, tick.tally.deferred), (39, 1));
        assert!(tick.relay.is_some_and(|why| why.contains("452 4.3.1 daily sending quota exceeded")));
    }
);
