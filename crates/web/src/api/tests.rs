//! What holds for every operation.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use super::*;
use crate::testing::House;

#[test]
fn the_committed_description_is_the_present_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let present = openapi().to_pretty_json().unwrap() + "\n";
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    if committed != present {
        // The next run finds it current; the change shows in the diff.
        std::fs::write(path, present).unwrap();
        panic!("crates/web/openapi.json was out of date and is written anew");
    }
}

/// Every operation: method and path, ids filled in with one that nothing has.
fn every_operation() -> Vec<(Method, String)> {
    let id = "01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f";
    let paths = serde_json::to_value(openapi()).unwrap()["paths"].clone();
    let mut operations = Vec::new();
    for (path, methods) in paths.as_object().unwrap() {
        let id = if path.starts_with("/api/v1/deliveries") { "7.1" } else { id };
        for method in methods.as_object().unwrap().keys() {
            operations.push((method.to_uppercase().parse().unwrap(), path.replace("{id}", id)));
        }
    }
    assert!(operations.len() > 40, "{}", operations.len());
    operations
}

async fn status(house: &House<'_>, method: &Method, path: &str, authorization: &str) -> (StatusCode, Value) {
    let headers = [("authorization", authorization)];
    let answer = house.call_with(method.clone(), path, Value::Null, &headers).await;
    assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
    (answer.status, answer.json())
}

both! {
    async fn nobody_gets_in_without_a_token_that_works(db: TestDb) {
        let house = House::new(&db).await;
        let unknown = format!("Bearer eshot_{}", "A".repeat(43));
        for (method, path) in every_operation() {
            for authorization in ["", "Basic YTpi", "Bearer nonsense", &unknown] {
                let (status, problem) = status(&house, &method, &path, authorization).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path} {authorization}");
                assert_eq!(problem["type"], "urn:eshot:problem:unauthorized");
            }
        }
    }
}

both! {
    async fn a_token_does_what_its_scopes_say_and_no_more(db: TestDb) {
        let house = House::new(&db).await;
        let feedback = format!("Bearer {}", house.token("feedback:read").await);
        let brands = format!("Bearer {}", house.token("brands:read").await);
        for (method, path) in every_operation() {
            let token = if path.starts_with("/api/v1/feedback") { &brands } else { &feedback };
            let (status, problem) = status(&house, &method, &path, token).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path}");
            assert!(problem["detail"].as_str().unwrap().starts_with("this token lacks the scope "), "{problem}");
        }
    }
}

both! {
    async fn a_path_that_is_none_and_a_method_that_is_wrong_are_problems(db: TestDb) {
        let house = House::new(&db).await;
        let answer = house.get("/api/v2/everything").await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::NOT_FOUND, "application/problem+json"));
        let answer = house.call(Method::DELETE, "/api/v1/brands", Value::Null).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.json()["type"], "urn:eshot:problem:method-not-allowed");
    }
}

both! {
    async fn a_body_that_is_wrong_is_told_what_is_wrong(db: TestDb) {
        let house = House::new(&db).await;
        let post = async |body: Value| house.call(Method::POST, "/api/v1/topics", body).await;
        let missing = post(json!({ "brand": house.brand.id })).await;
        assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(missing.body.contains("missing field `slug`"), "{}", missing.body);
        let large = post(json!({ "brand": house.brand.id, "slug": "x".repeat(200_000), "name": "x" })).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        let broken = house.post("/api/v1/topics", "application/json", "{").await;
        assert_eq!(broken.status, StatusCode::UNAUTHORIZED);
    }
}

both! {
    async fn the_description_is_there_for_everybody(db: TestDb) {
        let answer = House::new(&db).await.get("/api/openapi.json").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.json()["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}
