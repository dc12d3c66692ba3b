//! What the program tells another one, over a real socket.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use data_encoding::BASE64;
use serde_json::Value;
use testkit::http::{HttpAnswer, HttpRequest, HttpSink};
use testkit::smtp::{Moment, Rule, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Staff, wait_until};

/// 24 bytes, as the specification's examples have.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn id(request: &HttpRequest) -> String {
    request.header("webhook-id").unwrap().to_owned()
}

/// As a program that was told checks it (standardwebhooks.com).
fn is_signed(request: &HttpRequest) -> bool {
    let secret = BASE64.decode(SECRET.as_bytes()).unwrap();
    let time = request.header("webhook-timestamp").unwrap();
    let signed = format!("{}.{time}.{}", id(request), request.body);
    let mac = sign(&Key::new(HMAC_SHA256, &secret), signed.as_bytes());
    request.header("webhook-signature") == Some(&format!("v1,{}", BASE64.encode(mac.as_ref())))
}

both!(
    async fn another_program_is_told_once_of_each_event_even_if_it_was_away_and_of_no_address(db: TestDb) {
        let (relay, other) = (SmtpSink::start().await, HttpSink::start(HttpAnswer::new(503, "not now")).await);
        relay.add(Rule::reply(Moment::Rcpt, "550 5.1.1 no such user here").to("gone*"));
        let more = format!(
            "[events]\nurl = \"http://{}/hook\"\nsecret = \"whsec_{SECRET}\"\nkinds = [\"sent\", \"failed\"]",
            other.address()
        );
        let mut eshot = Eshot::start(&db, relay.address(), &more);
        let staff = Staff::of(&eshot).await;
        staff.enrol(["ada", "ben", "gone"].map(|name| format!("{name}@example.com")), "offers").await;
        let campaign = staff.send("offers", "First").await;
        staff.finished(&campaign).await;

        wait_until("the first try", async || !other.requests().is_empty()).await;
        wait_until("the same to be tried again", async || {
            eshot.advance(Duration::from_secs(10));
            other.requests().len() >= 3
        })
        .await;
        let tried: BTreeSet<String> = other.requests().iter().map(id).collect();
        assert_eq!(tried.len(), 1, "what is next waits for it: {tried:?}");

        let before = other.requests().len();
        other.answer_with(HttpAnswer::new(204, ""));
        let told = || other.requests().split_off(before);
        wait_until("all to be told", async || {
            eshot.advance(Duration::from_secs(10));
            told().len() >= 3
        })
        .await;
        eshot.terminate();
        eshot.restart();
        let second = Staff::of(&eshot).await.send("offers", "Second").await;
        Staff::of(&eshot).await.finished(&second).await;
        wait_until("the second campaign to be told of", async || told().len() >= 5).await;

        let told = told();
        let ids: BTreeSet<String> = told.iter().map(id).collect();
        assert_eq!((told.len(), ids.len()), (5, 5), "none twice: {ids:?}");
        assert!(told.iter().all(is_signed));
        assert!(told.iter().all(|request| request.line == "POST /hook"));
        assert!(told.iter().all(|request| !request.body.contains('@')), "nobody is named by address");
        let bodies: Vec<Value> = told.iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
        let of = |kind: &str| bodies.iter().filter(|body| body["type"] == kind).count();
        assert_eq!((of("sent"), of("failed")), (4, 1), "{bodies:?}");
        assert!(bodies.iter().all(|body| body["data"]["subscriber"].is_string()), "{bodies:?}");
        assert!(!eshot.log().contains(SECRET) && !eshot.log().contains("/hook"), "{}", eshot.log());
    }
);
