use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

const PATH: &str = "/api/v1/campaigns";

pub(in crate::api) fn spring(house: &House<'_>) -> Value {
    json!({
        "brand": house.brand.id, "topic": house.seeded.topics[0].id, "name": "Spring", "subject": "Spring, {{fallback name \"friend\"}}",
        "mjml": "<mjml><mj-body><mj-section><mj-column>\
                 <mj-text>Hello {{fallback name \"friend\"}}</mj-text></mj-column></mj-section></mj-body></mjml>",
    })
}

both! {
    async fn a_campaign_is_written_shown_for_a_person_and_scheduled(db: TestDb) {
        let house = House::new(&db).await;
        let ada = house.member("ada@example.com", &[0]).await;
        let made = house.call(Method::POST, PATH, spring(&house)).await;
        assert_eq!((made.status, made.header("etag")), (StatusCode::CREATED, "\"1\""), "{}", made.body);
        let path = format!("{PATH}/{}", made.json()["id"].as_str().unwrap());

        let preview = house.call(Method::GET, &format!("{path}/preview?subscriber={}", ada.id), Value::Null).await.json();
        assert_eq!(preview["subject"], "Spring, Ada");
        assert!(preview["html"].as_str().unwrap().contains("Hello Ada"));
        let unreachable = house.call(Method::POST, &format!("{path}/test"), json!({ "to": "jörg@example.com" })).await;
        assert_eq!(unreachable.json()["errors"][0]["field"], "to");
        let test = house.call(Method::POST, &format!("{path}/test"), json!({ "to": "boss@example.com" })).await;
        assert_eq!(test.status, StatusCode::ACCEPTED, "{}", test.body);

        let schedule = async |body: Value| house.call(Method::POST, &format!("{path}/schedule"), body).await;
        assert_eq!(schedule(json!({ "send_at": "tomorrow" })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(schedule(json!({ "send_at": "2036-03-02T10:00:00Z" })).await.json()["errors"][0]["field"], "send_at");
        let scheduled = schedule(json!({ "send_at": "2026-03-02T10:00:00Z" })).await;
        assert_eq!(scheduled.json()["status"], "scheduled", "{}", scheduled.body);
        let paused = house.call(Method::POST, &format!("{path}/pause"), Value::Null).await;
        assert_eq!((paused.status, paused.json()["type"].as_str()), (StatusCode::CONFLICT, Some("urn:eshot:problem:conflict")));
        let cancelled = house.call(Method::POST, &format!("{path}/cancel"), Value::Null).await;
        assert_eq!(cancelled.json()["status"], "cancelled");

        let report = house.call(Method::GET, &format!("{path}/report"), Value::Null).await.json();
        assert_eq!(report["audience"], 0);
        let history = house.call(Method::GET, &format!("{path}/history"), Value::Null).await.json();
        let events: Vec<_> = history["items"].as_array().unwrap().iter().map(|entry| entry["event"].clone()).collect();
        assert_eq!(events, ["create", "test", "schedule", "cancel"]);
    }
}

both! {
    async fn a_template_that_does_not_compile_is_told_when_it_is_saved(db: TestDb) {
        let house = House::new(&db).await;
        let mut campaign = spring(&house);
        campaign["subject"] = json!("Hello {{nickname}}");
        let answer = house.call(Method::POST, PATH, campaign.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.json()["errors"][0]["field"], "subject");
        assert!(answer.body.contains("nickname"), "{}", answer.body);
        campaign["subject"] = json!("Hello");
        campaign["topic"] = json!("01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f");
        assert_eq!(house.call(Method::POST, PATH, campaign).await.json()["errors"][0]["field"], "topic");
        assert_eq!(house.call(Method::GET, PATH, Value::Null).await.json()["items"], json!([]));
    }
}

both! {
    async fn of_two_authors_the_second_is_told(db: TestDb) {
        let house = House::new(&db).await;
        let made = house.call(Method::POST, PATH, spring(&house)).await;
        let path = format!("{PATH}/{}", made.json()["id"].as_str().unwrap());
        let put = async || house.call_with(Method::PUT, &path, spring(&house), &[("if-match", "\"1\"")]).await.status;
        assert_eq!(put().await, StatusCode::OK);
        assert_eq!(put().await, StatusCode::PRECONDITION_FAILED);
        let schedule = json!({ "send_at": "2026-03-02T10:00:00Z" });
        let stale = house.call_with(Method::POST, &format!("{path}/schedule"), schedule, &[("if-match", "\"1\"")]).await;
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
    }
}

both! {
    async fn every_starter_is_a_campaign_as_it_is(db: TestDb) {
        let house = House::new(&db).await;
        for (asked, locale) in [("", "en"), ("?locale=en", "en"), ("?locale=de", "de")] {
            let starters = house.call(Method::GET, &format!("/api/v1/starters{asked}"), Value::Null).await.json();
            let starters = starters["items"].as_array().unwrap();
            let slugs: Vec<_> = starters.iter().map(|starter| starter["slug"].as_str().unwrap()).collect();
            assert_eq!(slugs, ["offer", "event", "product-news"]);
            for starter in starters {
                assert_eq!(starter["locale"], locale);
                let topic = house.seeded.topics.iter().find(|topic| starter["topic"] == topic.slug.as_str()).unwrap();
                let campaign = json!({
                    "brand": house.brand.id, "topic": topic.id, "name": starter["name"], "subject": starter["subject"],
                    "preheader": starter["preheader"], "mjml": starter["mjml"],
                });
                let made = house.call(Method::POST, PATH, campaign).await;
                assert_eq!(made.status, StatusCode::CREATED, "{}: {}", starter["slug"], made.body);
            }
        }
    }
}
