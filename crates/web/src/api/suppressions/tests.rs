use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::{Answer, House};

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

/// Sends a list.
async fn send(house: &House<'_>, query: &str, kind: &str, list: &str) -> Answer {
    let request = Request::post(format!("{PATH}/import{query}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", house.token))
        .header(header::CONTENT_TYPE, kind);
    house.send(request.body(Body::from(list.to_owned())).unwrap()).await
}

both! {
    async fn a_list_is_brought_after_a_dry_run_and_comes_back_as_one(db: TestDb) {
        let house = House::new(&db).await;
        let list = "address,reason,brand\nada@example.com,complaint,acme\nbob@example.com,nonsense,\n+1@example.com,,\n";
        let dry = send(&house, "?dry_run=true", "text/csv", list).await;
        assert_eq!((dry.status, &dry.json()["added"]), (StatusCode::OK, &json!(2)), "{}", dry.body);
        assert_eq!(house.call(Method::GET, PATH, Value::Null).await.json()["items"], json!([]));
        let done = send(&house, "?reason=manual", "text/csv; charset=utf-8", list).await.json();
        assert_eq!((&done["added"], &done["unchanged"], &done["dry_run"]), (&json!(2), &json!(0), &json!(false)));
        assert_eq!((&done["refused"][0]["line"], done["refused"].as_array().unwrap().len()), (&json!(3), 1));
        let acts = accounts::audit::list(db.database().reader(), None, None, 9).await.unwrap();
        let acts: Vec<_> = acts.iter().filter(|act| act.act == "suppression.import").collect();
        assert_eq!(acts.len(), 1, "the dry run is no act");

        let reader = format!("Bearer {}", house.token("suppressions:read").await);
        let only = [("authorization", reader.as_str())];
        let exported = house.call_with(Method::GET, &format!("{PATH}/export?reason=complaint"), Value::Null, &only).await;
        assert_eq!(exported.headers[header::CONTENT_TYPE], "text/csv; charset=utf-8; header=present");
        assert_eq!(exported.body.lines().count(), 2, "{}", exported.body);
        assert!(exported.body.contains(",acme,complaint,"), "{}", exported.body);
        let path = format!("{PATH}/import");
        assert_eq!(house.call_with(Method::POST, &path, Value::Null, &only).await.status, StatusCode::FORBIDDEN);
    }
}

both! {
    async fn what_is_no_list_or_too_long_a_list_is_refused_as_a_whole(db: TestDb) {
        let house = House::new(&db).await;
        let long: String = (0..2_001).map(|at| format!("p{at}@example.com\n")).collect();
        for (query, kind, list, status) in [
            ("", "application/json", "address\nada@example.com\n", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("", "text/csv", "ada@example.com\n", StatusCode::UNPROCESSABLE_ENTITY),
            ("", "text/csv", &format!("address\n{long}"), StatusCode::PAYLOAD_TOO_LARGE),
            ("?brand=01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f", "text/csv", "address\na@example.com\n", StatusCode::UNPROCESSABLE_ENTITY),
        ] {
            let answer = send(&house, query, kind, list).await;
            assert_eq!(answer.status, status, "{}", answer.body);
        }
        assert_eq!(house.call(Method::GET, PATH, Value::Null).await.json()["items"], json!([]));
    }
}
