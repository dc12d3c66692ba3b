//! A mail service in the place of a relay.

use std::time::Duration;

use domain::MailKind;
use outbox::{Phase, State};
use sender::service::{Service, Settings as Keys};
use sender::{Outlet, Settings, Tally};
use serde_json::Value;
use subscribers::{Scope, may_be_mailed};
use testkit::http::{HttpAnswer, HttpDeed, HttpSink};
use testkit::{TestDb, both};

use crate::house::{House, relay};

/// What Amazon SES says when it has a message.
fn taken() -> HttpAnswer {
    HttpAnswer::new(200, r#"{"MessageId":"0102018f-1"}"#)
}

fn refused(status: u16, kind: &str, message: &str) -> HttpDeed {
    let body = serde_json::json!({ "message": message }).to_string();
    HttpDeed::Answer(HttpAnswer::new(status, body).header("x-amzn-ErrorType", kind))
}

/// One connection to SES in the shape of this server, under this name.
fn outlet(sink: &HttpSink) -> Outlet {
    let url = format!("ses+http://{}/eu-west-1", sink.address()).parse().unwrap();
    let service = Service::new(Keys::new(url, "AKIDEXAMPLE", "a-secret")).unwrap();
    Outlet { name: "cloud".to_owned(), ..Outlet::new(service, 1) }
}

fn by(sink: &HttpSink) -> impl Fn(Settings) -> Settings {
    let outlet = outlet(sink);
    move |settings| Settings { outlets: vec![outlet.clone()], ..settings }
}

both!(
    async fn a_service_gets_each_message_once_and_its_id_finds_the_delivery(db: TestDb) {
        let (house, sink) = (House::new(&db).await, HttpSink::start(taken()).await);
        house.enrol(&["ada@example.com", "bob@example.com"]).await;
        let (_, mailing) = house.launch().await;
        sink.then(HttpDeed::Answer(HttpAnswer::new(200, r#"{"MessageId":"m-1"}"#)));
        sink.then(HttpDeed::Answer(HttpAnswer::new(200, r#"{"MessageId":"m-2"}"#)));
        let mut sender = house.sender_with(by(&sink));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 2, ..Tally::default() });
        assert_eq!((sink.requests().len(), sink.connections()), (2, 1), "the connection is kept");
        for (request, id) in sink.requests().iter().zip(["m-1", "m-2"]) {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let key = house.links.read_envid(body["EmailTags"][0]["Value"].as_str().unwrap()).unwrap();
            let attempts = outbox::attempts(house.db.reader(), key).await.unwrap();
            let [attempt] = &attempts[..] else { panic!("{attempts:?}") };
            assert_eq!((attempt.outcome, attempt.phase), (State::Sent, Some(Phase::Dot)));
            assert_eq!((attempt.relay.as_deref(), attempt.code), (Some("cloud"), Some(200)));
            assert_eq!(attempt.relay_message_id.as_deref(), Some(id));
            let found = |relay| outbox::of_relay_message(house.db.reader(), relay, id);
            assert_eq!(found("cloud").await.unwrap(), Some((key, 1)));
            assert_eq!(found("other").await.unwrap(), None, "each relay has ids of its own");
        }
        house.audit(mailing).await;
    }
);

both!(
    async fn a_service_that_asks_for_a_rest_gets_it_and_then_the_message(db: TestDb) {
        let (house, sink) = (House::new(&db).await, HttpSink::start(taken()).await);
        house.enrol_many(3).await;
        let (_, mailing) = house.launch().await;
        let busy = HttpAnswer::new(429, r#"{"message":"Maximum sending rate exceeded."}"#);
        sink.then(HttpDeed::Answer(busy.header("retry-after", "1200")));
        let mut sender = house.sender_with(by(&sink));
        let tick = sender.tick().await.unwrap();
        assert_eq!(tick.tally, Tally { deferred: 1, ..Tally::default() });
        assert_eq!(tick.relay.as_deref(), Some("it has answered 429 Maximum sending rate exceeded."));
        house.advance_minutes(19);
        assert_eq!(sender.tick().await.unwrap().tally, Tally::default(), "it is still left alone");
        house.advance_minutes(2);
        let tick = sender.tick().await.unwrap();
        assert_eq!((tick.tally, tick.relay), (Tally { sent: 3, ..Tally::default() }, None));
        assert_eq!(sink.requests().len(), 4);
        house.audit(mailing).await;
    }
);

both!(
    async fn what_a_service_has_had_and_not_answered_is_in_doubt_and_held(db: TestDb) {
        let (house, sink) = (House::new(&db).await, HttpSink::start(taken()).await);
        house.enrol_many(4).await;
        let (_, mailing) = house.launch().await;
        sink.then(HttpDeed::Drop);
        sink.then(HttpDeed::Answer(HttpAnswer::new(502, "Bad Gateway")));
        sink.then(HttpDeed::Answer(HttpAnswer::new(503, "busy")));
        let mut sender = house.sender_with(by(&sink));
        let first = sender.tick().await.unwrap().tally;
        assert_eq!(first, Tally { sent: 1, deferred: 1, in_doubt: 2, ..Tally::default() });
        house.advance_minutes(6);
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        house.advance_minutes(60 * 24);
        assert_eq!(sender.tick().await.unwrap().tally, Tally::default(), "nobody is mailed twice");
        assert_eq!(sink.requests().len(), 5);
        house.audit(mailing).await;
    }
);

both!(
    async fn a_service_that_does_not_take_our_key_rests_and_costs_no_try(db: TestDb) {
        let (house, sink) = (House::new(&db).await, HttpSink::start(taken()).await);
        house.enrol_many(3).await;
        let (_, mailing) = house.launch().await;
        let wrong = || refused(403, "InvalidClientTokenId", "The security token is invalid.");
        sink.then(wrong());
        sink.then(wrong());
        let mut sender = house.sender_with(by(&sink));
        let tick = sender.tick().await.unwrap();
        assert_eq!(tick.tally, Tally { deferred: 1, ..Tally::default() });
        let words = "it has answered 403 InvalidClientTokenId: The security token is invalid.";
        assert_eq!(tick.relay.as_deref(), Some(words));
        assert_eq!(sender.tick().await.unwrap().tally, Tally::default(), "it is not tried again at once");
        house.clock.advance(Duration::from_secs(2));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { deferred: 1, ..Tally::default() });
        // One message shows that it lets us in again, and the others follow.
        house.clock.advance(Duration::from_secs(60));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });
        house.advance_minutes(6);
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 2, ..Tally::default() });
        for (_, attempts) in house.by_person(mailing).await.values() {
            let story: Vec<_> = attempts.iter().map(|one| (one.phase, one.outcome)).collect();
            assert!(story.ends_with(&[(Some(Phase::Dot), State::Sent)]), "{story:?}");
            let refused = [(Some(Phase::Auth), State::Deferred)];
            assert!(story.len() == 1 || story.starts_with(&refused), "{story:?}");
        }
        house.audit(mailing).await;
    }
);

both!(
    async fn while_a_service_does_not_let_us_in_another_relay_takes_its_mail(db: TestDb) {
        let (house, sink) = (House::new(&db).await, HttpSink::start(taken()).await);
        house.enrol_many(5).await;
        let (_, mailing) = house.launch().await;
        sink.answer_with(HttpAnswer::new(401, r#"{"message":"no"}"#));
        let cloud = outlet(&sink);
        let spare = Outlet { priority: 2, ..Outlet::new(relay(&house.sink), 1) };
        let mut sender =
            house.sender_with(|settings| Settings { outlets: vec![cloud.clone(), spare.clone()], ..settings });
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 4, deferred: 1, ..Tally::default() });
        house.advance_minutes(6);
        sink.answer_with(taken());
        assert_eq!(sender.tick().await.unwrap().tally.sent, 1);
        assert_eq!((house.sink.count(), sink.requests().len()), (4, 2));
        house.audit(mailing).await;
    }
);

both!(
    async fn an_address_that_a_service_finds_wrong_is_suppressed_and_a_message_is_nobody_s_fault(db: TestDb) {
        let (house, sink) = (House::new(&db).await, HttpSink::start(taken()).await);
        house.enrol(&["ada@example.com", "bob@example.com"]).await;
        let (_, mailing) = house.launch().await;
        sink.then(refused(400, "BadRequestException", "Illegal address"));
        sink.then(refused(400, "MessageRejected", "Virus found"));
        let mut sender = house.sender_with(by(&sink));
        assert_eq!(sender.tick().await.unwrap().tally, Tally { failed: 2, ..Tally::default() });
        let people = house.by_person(mailing).await;
        for (name, class, rule, may) in
            [("ada", "hard", "ses.recipient", false), ("bob", "content", "ses.message-rejected", true)]
        {
            let (delivery, attempts) = &people[name];
            assert_eq!((attempts[0].class.as_deref(), attempts[0].rule.as_deref()), (Some(class), Some(rule)));
            let (who, topic) = (delivery.subscriber.unwrap(), Some(house.topics[0].id));
            let (scope, now) = (Scope { brand: house.brand.id, topic }, house.clock_now());
            let answers = may_be_mailed(house.db.reader(), MailKind::Campaign, &scope, &[who], now).await.unwrap();
            assert_eq!(answers.why_not(who).is_none(), may, "{name}");
        }
        house.audit(mailing).await;
    }
);

both!(
    async fn every_service_gets_a_campaign_with_its_way_out_and_finds_the_delivery(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol(&["ada@example.com"]).await;
        for (kind, path, answer, field) in [
            ("sendgrid", "", HttpAnswer::new(202, "").header("X-Message-Id", "m-1"), r#"{"eshot":"TOKEN"}"#),
            ("mailgun", "/mg.example.com", HttpAnswer::new(200, r#"{"id":"<m-1>"}"#), "v:eshot\"\r\n\r\nTOKEN\r\n"),
            ("postmark", "", HttpAnswer::new(200, r#"{"MessageID":"m-1","ErrorCode":0}"#), r#"{"eshot":"TOKEN"}"#),
        ] {
            let (_, mailing) = house.launch().await;
            let sink = HttpSink::start(answer).await;
            let url = format!("{kind}+http://{}{path}", sink.address()).parse().unwrap();
            let outlet = Outlet::new(Service::new(Keys::new(url, "", "a-secret")).unwrap(), 1);
            let mut sender = house.sender_with(|settings| Settings { outlets: vec![outlet.clone()], ..settings });
            assert_eq!(sender.tick().await.unwrap().tally.sent, 1, "{kind}");
            let (delivery, attempts) = &house.by_person(mailing).await["ada"];
            assert_eq!(attempts[0].relay_message_id.as_deref(), Some("m-1"), "{kind}");
            let body = &sink.requests()[0].body;
            let token = house.links.envid(delivery.key).unwrap();
            for part in ["List-Unsubscribe=One-Click", "Feedback-ID", "1 High Street", &field.replace("TOKEN", &token)]
            {
                assert!(body.contains(part), "{kind}: no {part} in {body}");
            }
        }
    }
);
