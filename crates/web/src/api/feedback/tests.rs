use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

both! {
    async fn without_any_returned_mail_the_list_is_empty_and_an_unknown_one_is_a_problem(db: TestDb) {
        let house = House::new(&db).await;
        let list = house.call(Method::GET, "/api/v1/feedback?standing=not_understood", Value::Null).await;
        assert_eq!((list.status, list.json()["items"].clone()), (StatusCode::OK, json!([])));
        for path in ["", "/raw"] {
            let path = format!("/api/v1/feedback/01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f{path}");
            assert_eq!(house.call(Method::GET, &path, Value::Null).await.status, StatusCode::NOT_FOUND);
        }
    }
}
