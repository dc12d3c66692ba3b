use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::json;
use testkit::{TestDb, both};

use crate::testing::House;

both! {
    async fn a_request_that_is_sent_twice_under_one_key_is_carried_out_once(db: TestDb) {
        let house = House::new(&db).await;
        let key = [("idempotency-key", "first-topic")];
        let topic = |slug: &str| json!({ "brand": house.brand.id, "slug": slug, "name": "Jobs" });
        let post = async |slug: &str| house.call_with(Method::POST, "/api/v1/topics", topic(slug), &key).await;
        let (one, two) = (post("jobs").await, post("jobs").await);
        assert_eq!((one.status, two.status), (StatusCode::CREATED, StatusCode::CREATED), "{} {}", one.body, two.body);
        assert_eq!(one.body, two.body);
        assert!(!one.header("etag").is_empty());
        assert_eq!(one.header("etag"), two.header("etag"));
        assert_eq!((one.header("idempotency-replayed"), two.header("idempotency-replayed")), ("", "true"));
        let other = post("events-abroad").await;
        assert_eq!(other.json()["type"], "urn:eshot:problem:idempotency-key-reused");
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

both! {
    async fn a_refusal_is_repeated_too_and_a_key_belongs_to_its_token(db: TestDb) {
        let house = House::new(&db).await;
        let post = async |token: &str| {
            let headers = [("idempotency-key", "k"), ("authorization", token)];
            house.call_with(Method::POST, "/api/v1/topics", json!({ "brand": house.brand.id }), &headers).await
        };
        let admin = format!("Bearer {}", house.token);
        let (one, two) = (post(&admin).await, post(&admin).await);
        assert_eq!((one.status, &one.body), (StatusCode::UNPROCESSABLE_ENTITY, &two.body));
        assert_eq!(two.header("content-type"), "application/problem+json");
        let reader = format!("Bearer {}", house.token("topics:read").await);
        assert_eq!(post(&reader).await.status, StatusCode::FORBIDDEN);
        let bad = [("idempotency-key", "two words")];
        let answer = house.call_with(Method::POST, "/api/v1/topics", json!({}), &bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

both! {
    async fn a_client_that_hangs_up_at_any_moment_gets_its_answer_when_it_asks_again(db: TestDb) {
        let house = House::new(&db).await;
        for patience in 1.. {
            let name = format!("jobs-{patience}");
            let key = [("idempotency-key", name.as_str())];
            let topic = || json!({ "brand": house.brand.id, "slug": name, "name": "Jobs" });
            let mut first = Box::pin(house.call_with(Method::POST, "/api/v1/topics", topic(), &key));
            let mut looks = 0;
            let heard = poll_fn(|context| {
                looks += 1;
                if looks > patience { Poll::Ready(None) } else { first.as_mut().poll(context).map(Some) }
            });
            let heard = heard.await;
            drop(first);
            let mut again = house.call_with(Method::POST, "/api/v1/topics", topic(), &key).await;
            for _ in 0..500 {
                if again.json()["type"] != "urn:eshot:problem:in-progress" {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
                again = house.call_with(Method::POST, "/api/v1/topics", topic(), &key).await;
            }
            assert_eq!(again.status, StatusCode::CREATED, "after {patience} looks: {}", again.body);
            if heard.is_some() {
                break;
            }
        }
    }
}
