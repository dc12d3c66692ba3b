use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

both! {
    async fn a_brand_is_shown_with_its_version_and_changed_under_it(db: TestDb) {
        let house = House::new(&db).await;
        let path = format!("/api/v1/brands/{}", house.brand.id);
        let shown = house.call(Method::GET, &path, Value::Null).await;
        assert_eq!((shown.status, shown.header("etag")), (StatusCode::OK, "\"1\""));
        let mut fields = shown.json();
        fields["name"] = json!("Acme & Sons");
        let put = async |version: &str| {
            let headers: &[(&str, &str)] = if version.is_empty() { &[] } else { &[("if-match", version)] };
            house.call_with(Method::PUT, &path, fields.clone(), headers).await
        };
        assert_eq!(put("").await.status, StatusCode::PRECONDITION_REQUIRED);
        assert_eq!(put("*").await.status, StatusCode::BAD_REQUEST);
        let changed = put("\"1\"").await;
        assert_eq!((changed.status, changed.header("etag")), (StatusCode::OK, "\"2\""), "{}", changed.body);
        assert_eq!(changed.json()["name"], "Acme & Sons");
        let late = put("\"1\"").await;
        assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
        assert_eq!(late.json()["type"], "urn:eshot:problem:changed");
    }
}

both! {
    async fn every_wrong_field_of_a_brand_is_named(db: TestDb) {
        let house = House::new(&db).await;
        let mut fields = house.call(Method::GET, "/api/v1/brands", Value::Null).await.json()["items"][0].clone();
        fields["slug"] = json!("Acme!");
        fields["from_address"] = json!("news@elsewhere.example");
        let answer = house.call(Method::POST, "/api/v1/brands", fields.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let named: Vec<_> = answer.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
        assert_eq!(named, ["slug", "from_address"]);
        fields["slug"] = json!("acme");
        fields["from_address"] = json!("news@example.com");
        let taken = house.call(Method::POST, "/api/v1/brands", fields).await;
        assert_eq!((taken.status, taken.json()["type"].as_str()), (StatusCode::CONFLICT, Some("urn:eshot:problem:taken")));
    }
}
