//! A relay that does not take the mail of one brand, and takes that of others.

use std::num::NonZeroU32;
use std::time::Duration;

use ::limits::Limit;
use domain::MailingNo;
use sender::Outlet;
use sender::relay::Relay;
use sender::service::{Service, Settings as Keys};
use testkit::http::{HttpAnswer, HttpSink};
use testkit::smtp::{Moment, Rule, Script, SmtpSink};
use testkit::{TestDb, both};

use crate::house::{House, relay, second_brand};
use crate::relays::{first_and_second, outlet, patient_settings, sender};

/// Postfix, of somebody who sends in another's name.
const NOT_OURS: &str = "553 5.7.1 Sender address rejected: not owned by user acme";

/// A relay that answers so to the first brand's MAIL FROM.
fn refuses(house: &House<'_>, moment: Moment, line: &str) {
    house.sink.add(Rule::reply(moment, line).of(&house.brand.bounce_domain));
}

/// So many people of the second brand; the first one's have their campaign already.
async fn enrol_with_the_second_brand(house: &mut House<'_>, count: usize) -> MailingNo {
    second_brand(house).await;
    let emails: Vec<_> = (1..=count).map(|number| format!("z{number}@example.com")).collect();
    house.enrol(&emails.iter().map(String::as_str).collect::<Vec<_>>()).await;
    house.launch().await.1
}

/// How many of the messages that a relay has are for people whose names begin so.
fn of(sink: &SmtpSink, letter: char) -> usize {
    sink.by_recipient().into_iter().filter(|(to, _)| to.starts_with(letter)).map(|(_, count)| count).sum()
}

/// A relay that answers so to one brand's mail at that moment takes the other brand's, and another relay takes what it refuses.
async fn goes_by_another(db: &TestDb, moment: Moment, line: &str) {
    let (mut house, second) = (House::new(db).await, SmtpSink::start().await);
    refuses(&house, moment, line);
    house.enrol_many(30).await;
    let (_, acme) = house.launch().await;
    let zeta = enrol_with_the_second_brand(&mut house, 30).await;
    let mut sender = sender(&house, first_and_second(&house, &second));
    let tick = sender.tick().await.unwrap();
    let tally = tick.tally;
    assert!(tally.failed == 0 && (5..=8).contains(&tally.deferred), "{tally:?}");
    assert!(tick.relay.is_some_and(|why| why.contains(&line[4..])), "{line}");
    assert_eq!(house.counts(zeta).await.sent, 30);
    assert_eq!((of(&house.sink, 'z'), of(&second, 'z')), (30, 0), "the relay has all of the other brand's");
    assert_eq!(of(&second, 'p') + usize::try_from(tally.deferred).unwrap(), 30);
    let paused = ::limits::pause::active(house.db.reader(), house.clock_now()).await.unwrap();
    assert_eq!(paused, [], "no provider is left alone for what our relay says");
    // What was put off goes by the other one, but for what shows whether it is still so.
    house.advance_minutes(7);
    let tally = sender.tick().await.unwrap().tally;
    assert!(tally.failed == 0 && tally.deferred == 1, "{tally:?}");
    house.sink.forgive();
    house.advance_minutes(60);
    sender.tick().await.unwrap();
    assert_eq!(house.counts(acme).await.sent, 30);
    house.audit(acme).await;
}

both!(
    async fn the_only_relay_that_refuses_a_sender_costs_nobody_their_mail(db: TestDb) {
        let house = House::new(&db).await;
        refuses(&house, Moment::Mail, NOT_OURS);
        house.enrol_many(30).await;
        let (_, acme) = house.launch().await;
        let mut sender = house.sender(3);
        let tally = sender.tick().await.unwrap().tally;
        // Five, and what three workers had under way and ahead by then.
        assert!(tally.failed == 0 && (5..=11).contains(&tally.deferred), "the others wait: {tally:?}");
        house.sink.forgive();
        house.advance_minutes(60);
        sender.tick().await.unwrap();
        house.advance_minutes(60);
        sender.tick().await.unwrap();
        assert_eq!(house.counts(acme).await.sent, 30);
        house.audit(acme).await;
    }
);

both!(
    async fn a_brand_that_a_relay_puts_off_at_mail_from_goes_by_another_alone(db: TestDb) {
        goes_by_another(&db, Moment::Mail, "450 4.7.1 not now").await;
    }
);

both!(
    async fn a_brand_that_a_relay_refuses_at_mail_from_goes_by_another_alone_and_nobody_fails(db: TestDb) {
        goes_by_another(&db, Moment::Mail, NOT_OURS).await;
    }
);

both!(
    async fn a_brand_whose_sender_a_relay_refuses_with_the_recipient_goes_by_another_alone(db: TestDb) {
        goes_by_another(&db, Moment::Rcpt, NOT_OURS).await;
    }
);

both!(
    async fn a_brand_whose_sender_a_relay_refuses_at_the_dot_goes_by_another_alone(db: TestDb) {
        let line = "554 Message rejected: Email address is not verified. The following identities failed the check";
        goes_by_another(&db, Moment::Dot, line).await;
    }
);

both!(
    async fn only_one_message_at_a_time_shows_whether_a_brand_is_still_refused_and_then_all_go_by_it_again(db: TestDb) {
        let (house, second) = (House::new(&db).await, SmtpSink::start().await);
        refuses(&house, Moment::Mail, "450 4.7.1 not now");
        house.enrol_many(20).await;
        let mut sender = sender(&house, first_and_second(&house, &second));
        house.launch().await;
        assert!(sender.tick().await.unwrap().relay.is_some());
        house.clock.advance(Duration::from_secs(2));
        let refused = || house.sink.commands().iter().filter(|line| line.starts_with("MAIL FROM")).count();
        for _ in 0..3 {
            let before = refused();
            house.launch().await;
            assert_eq!(sender.tick().await.unwrap().tally.deferred, 1);
            assert_eq!(refused() - before, 1);
            // It is left alone for twice as long each time.
            house.clock.advance(Duration::from_millis(500));
            house.launch().await;
            assert_eq!(sender.tick().await.unwrap().tally.deferred, 0);
            house.clock.advance(Duration::from_secs(30));
        }
        house.sink.forgive();
        house.clock.advance(Duration::from_secs(60));
        house.launch().await;
        assert_eq!(sender.tick().await.unwrap().relay, None);
        let before = (house.sink.count(), second.count());
        house.launch().await;
        assert_eq!(sender.tick().await.unwrap().tally.sent, 20);
        assert_eq!((house.sink.count() - before.0, second.count() - before.1), (20, 0));
    }
);

both!(
    async fn a_brand_that_its_only_relay_refuses_waits_and_keeps_nobody_waiting(db: TestDb) {
        let (mut house, other) = (House::new(&db).await, SmtpSink::start().await);
        let outlets = vec![
            outlet("first", relay(&house.sink), 1, 1),
            Outlet { brands: vec!["nobody".to_owned()], ..outlet("second", relay(&other), 1, 1) },
        ];
        refuses(&house, Moment::Mail, "450 4.7.1 not now");
        house.enrol_many(20).await;
        let (_, acme) = house.launch().await;
        let zeta = enrol_with_the_second_brand(&mut house, 20).await;
        let mut sender = sender(&house, outlets);
        let tally = sender.tick().await.unwrap().tally;
        assert!((5..=8).contains(&tally.deferred), "{tally:?}");
        assert_eq!(house.counts(zeta).await.sent, 20);
        for _ in 0..3 {
            house.clock.advance(Duration::from_secs(20));
            assert_eq!(sender.tick().await.unwrap().tally.deferred, 1, "one message shows that it is still so");
        }
        house.sink.forgive();
        house.advance_minutes(60);
        for _ in 0..3 {
            sender.tick().await.unwrap();
            house.clock.advance(Duration::from_secs(10));
        }
        assert_eq!((house.counts(acme).await.sent, other.count()), (20, 0));
    }
);

/// What a relay does with one brand's mail closes it for the other brand as well.
async fn concerns_everybody(db: &TestDb, rule: Rule) {
    let (mut house, second) = (House::new(db).await, SmtpSink::start().await);
    house.sink.add(rule.of(&house.brand.bounce_domain));
    house.enrol_many(20).await;
    house.launch().await;
    let mut sender = sender(&house, first_and_second(&house, &second));
    assert!(sender.tick().await.unwrap().relay.is_some());
    enrol_with_the_second_brand(&mut house, 20).await;
    sender.tick().await.unwrap();
    assert_eq!((of(&house.sink, 'z'), of(&second, 'z')), (0, 20));
}

both!(
    async fn a_connection_that_breaks_concerns_every_brand(db: TestDb) {
        concerns_everybody(&db, Rule::drop(Moment::Rcpt)).await;
    }
);

both!(
    async fn a_farewell_concerns_every_brand(db: TestDb) {
        concerns_everybody(&db, Rule::reply(Moment::Rcpt, "421 4.3.2 closing down")).await;
    }
);

both!(
    async fn a_brand_comes_back_to_a_relay_with_one_connection_and_a_rate(db: TestDb) {
        let limit = Limit { connections: NonZeroU32::new(1), ..Limit::rate("10/s".parse().unwrap()) };
        let settings = ::limits::Settings { relays: [("first".to_owned(), limit)].into(), ..Default::default() };
        let (house, second) = (House::with(&db, Script::default(), settings).await, SmtpSink::start().await);
        refuses(&house, Moment::Mail, NOT_OURS);
        house.enrol_many(20).await;
        // No connection is left over from the message before.
        let settings = sender::relay::Settings { messages_per_connection: 1, ..patient_settings(&house.sink) };
        let first = outlet("first", Relay::new(settings).unwrap(), 1, 1);
        let mut sender = sender(&house, vec![first, outlet("second", relay(&second), 2, 1)]);
        house.launch().await;
        assert!(sender.tick().await.unwrap().relay.is_some());
        for _ in 0..3 {
            house.clock.advance(Duration::from_secs(30));
            house.launch().await;
            sender.tick().await.unwrap();
        }
        house.sink.forgive();
        house.advance_minutes(2);
        house.launch().await;
        assert_eq!(sender.tick().await.unwrap().relay, None, "one message has shown that it takes them");
    }
);

both!(
    async fn a_mail_service_that_knows_one_brand_s_domain_takes_its_mail_when_it_refuses_another_s(db: TestDb) {
        let (mut house, sink) = (House::new(&db).await, HttpSink::start(HttpAnswer::new(200, "{}")).await);
        let unverified = r#"{"message":"Email address is not verified."}"#;
        sink.answer_with(HttpAnswer::new(400, unverified).header("x-amzn-ErrorType", "MessageRejected"));
        let url = format!("ses+http://{}/eu-west-1", sink.address()).parse().unwrap();
        let service = Service::new(Keys::new(url, "AKIDEXAMPLE", "a-secret")).unwrap();
        let cloud = Outlet { name: "cloud".to_owned(), ..Outlet::new(service, 1) };
        let outlets = vec![cloud, outlet("second", relay(&house.sink), 2, 1)];
        house.enrol_many(20).await;
        house.launch().await;
        let mut sender = sender(&house, outlets);
        let tally = sender.tick().await.unwrap().tally;
        assert!((5..=6).contains(&tally.deferred) && tally.failed == 0, "{tally:?}");
        sink.answer_with(HttpAnswer::new(200, r#"{"MessageId":"0102018f-1"}"#));
        let zeta = enrol_with_the_second_brand(&mut house, 20).await;
        sender.tick().await.unwrap();
        assert_eq!((house.counts(zeta).await.sent, of(&house.sink, 'z')), (20, 0));
    }
);
