use aws_lc_rs::hmac;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use data_encoding::HEXLOWER;
use domain::Clock;
use testkit::{TestDb, both};

use crate::testing::{Answer, House, WEBHOOK_SECRET};

fn signature(house: &House<'_>, secret: &str, body: &str, ago: i64) -> String {
    let time = house.clock.now().timestamp() - ago;
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), format!("{time}.{body}").as_bytes());
    format!("t={time},v1={}", HEXLOWER.encode(mac.as_ref()))
}

async fn post(house: &House<'_>, name: &str, signature: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post(format!("/webhooks/{name}")).header("eshot-signature", signature);
    house.send(request.body(body.into()).unwrap()).await
}

async fn kept(house: &House<'_>) -> usize {
    feedback::list(house.db.database().reader(), feedback::Filter::default(), None, 100).await.unwrap().len()
}

both!(
    async fn what_is_proved_is_kept_once_and_answered_200_without_a_word(db: TestDb) {
        let house = House::new(&db).await;
        let body =
            r#"{"events":[{"id":"1","kind":"failed","recipient":"ada@example.com","diagnostic":"550 5.1.1 unknown"}]}"#;
        for _ in 0..2 {
            let answer = post(&house, "relay", &signature(&house, WEBHOOK_SECRET, body, 0), body).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
        }
        assert_eq!(kept(&house).await, 1);
        let listed = house.call(Method::GET, "/api/v1/feedback?source=signed", serde_json::Value::Null).await.json();
        let item = &listed["items"][0];
        assert_eq!((&item["standing"], &item["rule"]), (&"refused".into(), &"a report without a token of ours".into()));
    }
);

both!(
    async fn whoever_proves_nothing_is_told_nothing(db: TestDb) {
        let house = House::new(&db).await;
        let body = r#"{"events":[{"id":"1","kind":"complaint","recipient":"ada@example.com"}]}"#;
        let right = signature(&house, WEBHOOK_SECRET, body, 0);
        let forged = signature(&house, "another secret!!", body, 0);
        let stale = signature(&house, WEBHOOK_SECRET, body, 301);
        let nested = "[".repeat(100_000 - 1);
        let cases = [
            ("relay", "", body.to_owned()),
            ("relay", forged.as_str(), body.to_owned()),
            ("relay", stale.as_str(), body.to_owned()),
            ("relay", right.as_str(), body.replace("ada", "bob")),
            ("relay", right.as_str(), nested),
            ("other", right.as_str(), body.to_owned()),
            ("%00", right.as_str(), body.to_owned()),
        ];
        for (name, signature, body) in cases {
            let answer = post(&house, name, signature, body).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::UNAUTHORIZED, ""), "{name} {signature}");
        }
        assert_eq!(kept(&house).await, 0);
        assert_eq!(house.get("/webhooks/relay").await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
);

both!(
    async fn a_body_without_measure_is_refused_and_one_without_sense_is_kept(db: TestDb) {
        let house = House::new(&db).await;
        let giant = "x".repeat(100_001);
        let answer = post(&house, "relay", &signature(&house, WEBHOOK_SECRET, &giant, 0), giant).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(kept(&house).await, 0);
        let deep = format!("{{\"events\":{}{}}}", "[".repeat(40_000), "]".repeat(40_000));
        for (n, body) in [deep.as_str(), "", "no JSON \u{0}", "{\"events\":7}", "null"].into_iter().enumerate() {
            let answer = post(&house, "relay", &signature(&house, WEBHOOK_SECRET, body, 0), body.to_owned()).await;
            assert_eq!(answer.status, StatusCode::OK, "{body:.20}");
            assert_eq!(kept(&house).await, n + 1, "a person may look at it");
        }
    }
);

both!(
    async fn a_network_that_posts_without_end_is_held_back(db: TestDb) {
        let house = House::new(&db).await;
        let mut answers = Vec::new();
        for _ in 0..150 {
            answers.push(post(&house, "relay", "", "{}").await);
        }
        let count = |status| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(StatusCode::UNAUTHORIZED), count(StatusCode::TOO_MANY_REQUESTS)), (100, 50));
        assert_eq!(answers[149].header("retry-after"), "1");
        house.pass(std::time::Duration::from_secs(1));
        assert_eq!(post(&house, "relay", "", "{}").await.status, StatusCode::UNAUTHORIZED);
    }
);
