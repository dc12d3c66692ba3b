use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

const PATH: &str = "/api/v1/suppressions";

both! {
    async fn an_address_is_suppressed_found_and_freed(db: TestDb) {
        let house = House::new(&db).await;
        let added = house.call(Method::POST, PATH, json!({ "email": "ada@example.com", "detail": "asked by phone" })).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
        assert!(!added.body.contains("ada@example.com"), "the address is not kept");
        let found = house.call(Method::GET, &format!("{PATH}?email=Ada@example.com"), Value::Null).await.json();
        assert_eq!(found["items"][0]["reason"], "manual");

        let lift = format!("{PATH}/{}/lift", added.json()["id"].as_str().unwrap());
        let lifted = house.call(Method::POST, &lift, json!({ "why": "asked again" })).await;
        assert_eq!(lifted.json()["lifted"]["why"], "asked again", "{}", lifted.body);
        let standing = house.call(Method::GET, PATH, Value::Null).await.json();
        assert_eq!(standing["items"], json!([]));
        let all = house.call(Method::GET, &format!("{PATH}?lifted=true"), Value::Null).await.json();
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
    }
}

both! {
    async fn a_brand_that_is_none_suppresses_nothing(db: TestDb) {
        let house = House::new(&db).await;
        let new = json!({ "email": "ada@example.com", "brand": "01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f" });
        assert_eq!(house.call(Method::POST, PATH, new).await.json()["errors"][0]["field"], "brand");
        let new = json!({ "email": "no address" });
        assert_eq!(house.call(Method::POST, PATH, new).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

both! {
    async fn an_erased_person_is_not_freed_by_staff(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        house.call(Method::DELETE, &format!("/api/v1/subscribers/{}", person.id), Value::Null).await;
        let found = house.call(Method::GET, &format!("{PATH}?email=ada@example.com"), Value::Null).await.json();
        let lift = format!("{PATH}/{}/lift", found["items"][0]["id"].as_str().unwrap());
        let answer = house.call(Method::POST, &lift, json!({ "why": "we miss them" })).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    }
}
