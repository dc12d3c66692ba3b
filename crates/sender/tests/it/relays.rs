//! Several relays: which of them gets what, and what becomes of it when one takes no mail.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use limits::Limit;
use sender::relay::Relay;
use sender::{Outlet, Sender, Settings, Tally};
use testkit::smtp::{Deed, Hold, Moment, Rule, Script, SmtpSink};
use testkit::{TestDb, both};

use crate::house::{House, relay, second_brand};

/// A relay of this name, with two connections.
pub(crate) fn outlet(name: &str, relay: Relay, priority: u32, weight: u32) -> Outlet {
    Outlet { name: name.to_owned(), priority, weight, ..Outlet::new(relay, 2) }
}

/// A sender with these relays.
pub(crate) fn sender(house: &House<'_>, outlets: Vec<Outlet>) -> Sender {
    house.sender_with(|settings| Settings { outlets, ..settings })
}

/// A first relay, which is the house's, and one for when that takes no mail.
pub(crate) fn first_and_second(house: &House<'_>, second: &SmtpSink) -> Vec<Outlet> {
    vec![outlet("first", relay(&house.sink), 1, 1), outlet("second", relay(second), 2, 1)]
}

/// How many messages both have, where nobody has two.
fn both_have(house: &House<'_>, second: &SmtpSink) -> (usize, usize) {
    let mut all: BTreeMap<String, usize> = house.sink.by_recipient();
    for (recipient, count) in second.by_recipient() {
        *all.entry(recipient).or_default() += count;
    }
    let twice: Vec<_> = all.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "nobody is mailed twice: {twice:?}");
    (house.sink.count(), second.count())
}

both!(
    async fn a_second_relay_gets_nothing_while_the_first_takes_mail(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        house.enrol_many(30).await;
        let (_, mailing) = house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        assert_eq!(sender.tick().await.unwrap().tally.sent, 30);
        assert_eq!(both_have(&house, &second), (30, 0));
        assert_eq!(second.connections(), 0);
        assert!(
            house.by_person(mailing).await.values().all(|(_, attempts)| attempts[0].relay.as_deref() == Some("first"))
        );
        house.audit(mailing).await;
    }
);

both!(
    async fn relays_of_one_priority_share_by_weight(db: TestDb) {
        let (house, other) = (House::new(&db).await, SmtpSink::start().await);
        house.enrol_many(80).await;
        house.launch().await;
        let outlets = vec![outlet("three", relay(&house.sink), 1, 3), outlet("one", relay(&other), 1, 1)];
        let mut sender = sender(&house, outlets);
        assert_eq!(sender.tick().await.unwrap().tally.sent, 80);
        let (three, one) = both_have(&house, &other);
        assert!((58..=62).contains(&three), "{three} and {one} of 80");
    }
);

both!(
    async fn the_share_is_kept_over_campaigns_of_one_message(db: TestDb) {
        let (house, other) = (House::new(&db).await, SmtpSink::start().await);
        house.enrol_many(1).await;
        let outlets = vec![outlet("three", relay(&house.sink), 1, 3), outlet("one", relay(&other), 1, 1)];
        let mut sender = sender(&house, outlets);
        for _ in 0..8 {
            house.launch().await;
            house.clock.advance(Duration::from_secs(60));
            assert_eq!(sender.tick().await.unwrap().tally.sent, 1);
        }
        assert_eq!((house.sink.count(), other.count()), (6, 2));
    }
);

both!(
    async fn what_a_relay_does_not_take_in_time_is_another_s_and_not_owed_to_it(db: TestDb) {
        let (house, other, hold) = (House::new(&db).await, SmtpSink::start().await, Hold::default());
        other.add(Rule::new(Moment::Mail, Deed::Hold(hold.clone())));
        house.enrol_many(40).await;
        let (_, mailing) = house.launch().await;
        let outlets = vec![outlet("quick", patient(&house.sink), 1, 1), outlet("slow", patient(&other), 1, 1)];
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = sender(&house, outlets).run(async {
            let _ = stopped.await;
        });
        let (tally, ()) = tokio::join!(running, async {
            // Two are with the slow one, and as many more, or one, with the quick one.
            house.sink.wait_for(2).await;
            for _ in 0..3 {
                house.clock.advance(Duration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(60)).await;
            }
            house.sink.wait_for(38).await;
            hold.let_go();
            other.wait_for(2).await;
            house.launch().await;
            // It is time to look for more.
            house.clock.advance(Duration::from_millis(100));
            while house.sink.count() + other.count() < 80 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.send(()).unwrap();
        });
        assert_eq!(tally.sent, 80);
        let (quick, slow) = (house.sink.count() - 38, other.count() - 2);
        assert!((16..=24).contains(&slow), "of forty that both could take, {quick} and {slow}");
        assert_eq!(house.counts(mailing).await.sent, 40);
    }
);

both!(
    async fn while_a_relay_is_down_another_takes_everything_and_when_it_is_up_it_has_it_again(db: TestDb) {
        let (mut house, second) = (House::new(&db).await, SmtpSink::start().await);
        house.enrol_many(20).await;
        let (address, outlets) = (house.sink.address(), first_and_second(&house, &second));
        house.sink.stop().await;
        let (_, mailing) = house.launch().await;
        let mut sender = sender(&house, outlets);
        let tick = sender.tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 20, ..Tally::default() });
        assert!(tick.relay.is_some_and(|why| why.contains(&address.to_string())));
        assert_eq!(second.count(), 20);
        for (_, attempts) in house.by_person(mailing).await.values() {
            let relays: Vec<_> = attempts.iter().map(|one| one.relay.as_deref()).collect();
            assert_eq!(relays, [Some("second")], "what was not offered is no attempt");
        }
        // It is up, and is left alone until its time has come.
        house.sink = SmtpSink::bind(address, Script::default()).await;
        house.launch().await;
        sender.tick().await.unwrap();
        assert_eq!((house.sink.count(), second.count()), (0, 40));
        house.clock.advance(Duration::from_secs(2));
        house.launch().await;
        assert_eq!(sender.tick().await.unwrap().relay, None);
        assert_eq!(house.sink.count() + second.count(), 60);
        let before = house.sink.count();
        house.launch().await;
        sender.tick().await.unwrap();
        assert_eq!(house.sink.count() - before, 20, "all of it is the first one's again");
    }
);

both!(
    async fn a_relay_that_was_down_is_tried_by_no_message_that_another_takes(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        house.sink.add(Rule::hang(Moment::Connect));
        house.enrol_many(6).await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        house.launch().await;
        assert_eq!(sender.tick().await.unwrap().tally.sent, 6);
        house.clock.advance(Duration::from_secs(2));
        house.launch().await;
        // The relay is tried, and takes its time about it; nobody waits for that.
        let (tick, ()) = tokio::join!(sender.tick(), async {
            while house.sink.connections() < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            second.wait_for(12).await;
            house.sink.forgive();
        });
        assert!(tick.unwrap().relay.is_some(), "all has gone before it was clear that it is still down");
        assert_eq!((house.sink.count(), second.count()), (0, 12));
    }
);

both!(
    async fn what_waits_for_a_relay_that_goes_down_in_the_middle_is_the_other_s_at_once(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        // Two connections, each for five messages; nobody is let in after that.
        house.sink.add(Rule::new(Moment::Connect, Deed::Delay(Duration::ZERO)).times(2));
        house.sink.add(Rule::drop(Moment::Connect));
        let settings = sender::relay::Settings { messages_per_connection: 5, ..patient_settings(&house.sink) };
        let first = outlet("first", Relay::new(settings).unwrap(), 1, 1);
        house.enrol_many(40).await;
        let (_, mailing) = house.launch().await;
        let mut sender = sender(&house, vec![first, outlet("second", relay(&second), 2, 1)]);
        let tally = sender.tick().await.unwrap().tally;
        assert_eq!(tally, Tally { sent: 40, ..Tally::default() });
        assert_eq!(both_have(&house, &second), (10, 30));
        house.audit(mailing).await;
    }
);

both!(
    async fn what_a_relay_refuses_because_we_have_had_enough_of_it_goes_by_the_other_and_nobody_fails(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        house.sink.add(Rule::reply(Moment::Dot, "550 5.4.5 Daily user sending limit exceeded."));
        house.enrol_many(30).await;
        let (_, mailing) = house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        let tally = sender.tick().await.unwrap().tally;
        assert!(tally.failed == 0 && tally.deferred < 10 && tally.sent + tally.deferred == 30, "{tally:?}");
        let lanes = limits::pause::active(house.db.reader(), house.clock_now()).await.unwrap();
        assert_eq!(lanes, [], "no provider is left alone for what our relay says");
        assert!(second.count() > 20, "{}", second.count());
        house.sink.forgive();
        house.advance_minutes(60);
        sender.tick().await.unwrap();
        assert_eq!(house.counts(mailing).await.sent, 30);
    }
);

both!(
    async fn what_is_beyond_a_relay_s_quota_is_the_other_s_until_the_hour_is_over(db: TestDb) {
        let hourly = |n| Limit { hourly: NonZeroU32::new(n), ..Limit::default() };
        let relays = [("first".to_owned(), hourly(5)), ("second".to_owned(), hourly(9))].into();
        let settings = ::limits::Settings { relays, ..::limits::Settings::default() };
        let (house, second) = (House::with(&db, Script::default(), settings).await, SmtpSink::start().await);
        house.enrol_many(12).await;
        house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        assert_eq!(sender.tick().await.unwrap().tally.sent, 12);
        assert_eq!(both_have(&house, &second), (5, 7));
        // Both are used up by the next two.
        house.launch().await;
        let mut sent = sender.tick().await.unwrap().tally.sent;
        assert_eq!((sent, house.sink.count(), second.count()), (2, 5, 9));
        house.advance_minutes(60);
        sent = sender.tick().await.unwrap().tally.sent;
        assert_eq!((sent, house.sink.count(), second.count()), (10, 10, 14), "the first one comes first");
        house.advance_minutes(60);
        house.launch().await;
        sent = sender.tick().await.unwrap().tally.sent;
        assert_eq!((sent, house.sink.count(), second.count()), (12, 15, 21));
    }
);

both!(
    async fn a_relay_that_lets_us_in_and_takes_no_message_is_passed_over_until_it_takes_one(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        house.sink.add(Rule::reply(Moment::Mail, "452 4.3.1 daily sending quota exceeded"));
        house.enrol_many(40).await;
        let (_, mailing) = house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        let tick = sender.tick().await.unwrap();
        assert!((5..=9).contains(&tick.tally.deferred), "{tick:?}");
        assert_eq!(tick.tally.sent + tick.tally.deferred, 40);
        assert!(tick.relay.is_some_and(|why| why.contains("452 4.3.1 daily sending quota exceeded")));
        // Only one message at a time shows that it is still so.
        house.advance_minutes(8);
        assert_eq!(sender.tick().await.unwrap().tally.deferred, 1);
        house.advance_minutes(20);
        assert_eq!(sender.tick().await.unwrap().tally.deferred, 1);
        house.sink.forgive();
        house.advance_minutes(60);
        let tick = sender.tick().await.unwrap();
        assert_eq!((tick.relay, house.counts(mailing).await.sent), (None, 40));
        assert_eq!(both_have(&house, &second), (1, 39));
        house.launch().await;
        sender.tick().await.unwrap();
        assert_eq!((house.sink.count(), second.count()), (41, 39));
    }
);

both!(
    async fn what_is_said_of_recipients_is_not_the_relay_s_fault(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        house.sink.add(Rule::reply(Moment::Rcpt, "450 4.2.0 greylisted"));
        house.enrol_many(12).await;
        house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { deferred: 12, ..Tally::default() });
        assert_eq!(second.connections(), 0);
    }
);

both!(
    async fn a_brand_s_own_relay_takes_its_mail_and_no_other_s(db: TestDb) {
        let (mut house, second) = (House::new(&db).await, SmtpSink::start().await);
        let for_brand = |outlet: Outlet, brand: &str| Outlet { brands: vec![brand.to_owned()], ..outlet };
        let outlets = vec![
            for_brand(outlet("first", relay(&house.sink), 1, 1), "acme"),
            for_brand(outlet("second", relay(&second), 1, 1), "zeta"),
        ];
        house.enrol(&["a1@example.com", "a2@example.com", "a3@example.com"]).await;
        house.launch().await;
        let acme = second_brand(&mut house).await;
        house.enrol(&["z1@example.com", "z2@example.com"]).await;
        house.launch().await;
        let mut sender = sender(&house, outlets);
        assert_eq!(sender.tick().await.unwrap().tally.sent, 5);
        let of = |sink: &SmtpSink| sink.by_recipient().into_keys().collect::<Vec<_>>();
        assert_eq!(of(&house.sink), ["a1@example.com", "a2@example.com", "a3@example.com"]);
        assert_eq!(of(&second), ["z1@example.com", "z2@example.com"]);

        // One brand's relay is down: its mail waits, and the other brand's goes.
        let address = house.sink.address();
        house.sink.stop().await;
        let (_, zeta_mailing) = house.launch().await;
        (house.brand, house.topics) = acme;
        let (_, acme_mailing) = house.launch().await;
        for _ in 0..5 {
            sender.tick().await.unwrap();
            house.clock.advance(Duration::from_secs(20));
        }
        assert_eq!((house.counts(zeta_mailing).await.sent, house.counts(acme_mailing).await.open()), (2, 3));
        house.sink = SmtpSink::bind(address, Script::default()).await;
        // Two were under way on connections that broke, and are tried again after some minutes.
        house.advance_minutes(10);
        assert_eq!(sender.tick().await.unwrap().tally.sent, 3);
        assert_eq!((house.sink.count(), second.count()), (3, 4));
    }
);

both!(
    async fn the_mail_of_a_brand_without_a_relay_waits_and_keeps_nobody_waiting(db: TestDb) {
        let mut house = House::new(&db).await;
        let outlets = vec![Outlet { brands: vec!["zeta".to_owned()], ..outlet("only", relay(&house.sink), 1, 1) }];
        house.enrol_many(3).await;
        let (_, acme_mailing) = house.launch().await;
        second_brand(&mut house).await;
        house.enrol(&["z1@example.com"]).await;
        house.launch().await;
        let mut sender = sender(&house, outlets);
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        let counts = house.counts(acme_mailing).await;
        assert_eq!((counts.queued, counts.audience()), (3, 3));
        // Another instance, whose relay is for everybody, finds it.
        assert_eq!(house.sender(2).tick().await.unwrap().tally.sent, 3);
    }
);

/// The relay at this address, which is waited for.
pub(crate) fn patient(sink: &SmtpSink) -> Relay {
    Relay::new(patient_settings(sink)).unwrap()
}

pub(crate) fn patient_settings(sink: &SmtpSink) -> sender::relay::Settings {
    sender::relay::Settings {
        policy: sender::relay::Policy::None,
        ..sender::relay::Settings::new(sink.url().parse().unwrap())
    }
}

both!(
    async fn what_is_beyond_a_relay_s_warm_up_goes_by_one_that_is_warmed_up_or_waits_for_the_next_day(db: TestDb) {
        let number = |n| NonZeroU32::new(n).unwrap();
        let plan = |ceiling| ::limits::WarmUp {
            start: number(5),
            providers: BTreeMap::new(),
            growth: "2".parse().unwrap(),
            ceiling: number(ceiling),
        };
        let warm_ups = [("first".to_owned(), plan(20)), ("second".to_owned(), plan(9))].into();
        let settings = ::limits::Settings { warm_ups, ..::limits::Settings::default() };
        let (house, second) = (House::with(&db, Script::default(), settings).await, SmtpSink::start().await);
        house.enrol_many(12).await;
        let (_, mailing) = house.launch().await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        let tick = sender.tick().await.unwrap();
        assert_eq!((tick.tally.sent, both_have(&house, &second)), (10, (5, 5)));
        // It is nine in the morning.
        house.advance_minutes(14 * 60);
        assert_eq!(sender.tick().await.unwrap().tally.sent, 0);
        house.advance_minutes(61);
        house.launch().await;
        assert_eq!(sender.tick().await.unwrap().tally.sent, 14);
        assert_eq!((house.sink.count(), second.count()), (5 + 10, 5 + 4), "the second one is warmed up");
        assert_eq!(house.counts(mailing).await.sent, 12);
        house.advance_minutes(24 * 60);
        for _ in 0..2 {
            house.launch().await;
        }
        assert_eq!(sender.tick().await.unwrap().tally.sent, 24);
        assert_eq!((house.sink.count(), second.count()), (15 + 24, 9), "and now the first one is as well");
    }
);
