use axum::http::{Method, StatusCode};
use domain::CampaignId;
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::api::campaigns::tests::spring;
use crate::testing::House;

both! {
    async fn a_campaigns_deliveries_are_listed_by_state_and_shown_one_by_one(db: TestDb) {
        let house = House::new(&db).await;
        for email in ["ada@example.com", "bob@example.com", "cyd@example.com"] {
            house.member(email, &[0]).await;
        }
        let made = house.call(Method::POST, "/api/v1/campaigns", spring(&house)).await.json();
        let id: CampaignId = made["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/api/v1/campaigns/{id}");
        assert_eq!(house.call(Method::GET, &format!("{path}/deliveries"), Value::Null).await.json()["items"], json!([]));
        let now = json!({ "send_at": "2026-03-02T09:00:00Z" });
        assert_eq!(house.call(Method::POST, &format!("{path}/schedule"), now).await.status, StatusCode::OK);
        for _ in 0..20 {
            let now = domain::Clock::now(&*house.clock);
            let lease = testkit::scheduler(db.database(), now).await;
            campaigns::launch_due(db.database(), &lease, now).await.unwrap();
        }
        let first = house.call(Method::GET, &format!("{path}/deliveries?state=queued&limit=2"), Value::Null).await.json();
        assert_eq!(first["items"].as_array().unwrap().len(), 2, "{first}");
        let next = format!("{path}/deliveries?limit=2&after={}", first["next"].as_str().unwrap());
        let second = house.call(Method::GET, &next, Value::Null).await.json();
        assert_eq!((second["items"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));

        let delivery = format!("/api/v1/deliveries/{}", second["items"][0]["id"].as_str().unwrap());
        let shown = house.call(Method::GET, &delivery, Value::Null).await.json();
        assert_eq!((shown["state"].as_str(), &shown["tried"]), (Some("queued"), &json!([])));
        for act in ["resend", "give-up"] {
            let answer = house.call(Method::POST, &format!("{delivery}/{act}"), Value::Null).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "only what is in doubt is for a person to decide");
        }
    }
}

both! {
    async fn a_delivery_that_is_none_is_a_problem(db: TestDb) {
        let house = House::new(&db).await;
        for id in ["nonsense", "7", "7.", "99.1"] {
            let answer = house.call(Method::GET, &format!("/api/v1/deliveries/{id}"), Value::Null).await;
            assert_eq!((answer.status, answer.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
        }
        let state = "/api/v1/campaigns/01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f/deliveries?state=lost";
        assert_eq!(house.call(Method::GET, state, Value::Null).await.status, StatusCode::BAD_REQUEST);
    }
}
