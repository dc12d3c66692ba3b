use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

both! {
    async fn a_topic_is_made_changed_and_archived(db: TestDb) {
        let house = House::new(&db).await;
        let new = json!({ "brand": house.brand.id, "slug": "jobs", "name": "Jobs", "position": 9 });
        let made = house.call(Method::POST, "/api/v1/topics", new.clone()).await;
        assert_eq!((made.status, made.header("etag")), (StatusCode::CREATED, "\"1\""), "{}", made.body);
        assert_eq!(house.call(Method::POST, "/api/v1/topics", new).await.status, StatusCode::CONFLICT);

        let path = format!("/api/v1/topics/{}", made.json()["id"].as_str().unwrap());
        let fields = json!({ "slug": "jobs", "name": "Vacancies", "description": "Work with us." });
        let changed = house.call_with(Method::PUT, &path, fields, &[("if-match", "\"1\"")]).await;
        assert_eq!(changed.json()["name"], "Vacancies");
        let archive = format!("{path}/archive");
        let archived = house.call_with(Method::POST, &archive, Value::Null, &[("if-match", "\"2\"")]).await;
        assert!(archived.json()["archived_at"].is_string(), "{}", archived.body);

        let list = format!("/api/v1/topics?brand={}", house.brand.id);
        let slugs = house.call(Method::GET, &list, Value::Null).await.json();
        let slugs: Vec<_> = slugs["items"].as_array().unwrap().iter().map(|topic| topic["slug"].clone()).collect();
        assert_eq!(slugs, ["jobs", "offers", "events", "product-news"]);
    }
}

both! {
    async fn a_topic_that_is_none_is_a_problem(db: TestDb) {
        let house = House::new(&db).await;
        for id in ["nonsense", "01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f"] {
            let answer = house.call(Method::GET, &format!("/api/v1/topics/{id}"), Value::Null).await;
            assert_eq!((answer.status, answer.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
        }
        assert_eq!(house.call(Method::GET, "/api/v1/topics", Value::Null).await.status, StatusCode::BAD_REQUEST);
    }
}
