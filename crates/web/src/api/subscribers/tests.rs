use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

fn ada(house: &House<'_>) -> Value {
    json!({
        "email": "Ada@Example.com", "profile": { "name": "Ada" }, "topics": [house.seeded.topics[0].id],
        "basis": "consent", "stated": "paper form of 2 March",
    })
}

both! {
    async fn nobody_comes_on_file_without_a_basis(db: TestDb) {
        let house = House::new(&db).await;
        for missing in ["basis", "stated"] {
            let mut new = ada(&house);
            new.as_object_mut().unwrap().remove(missing);
            let answer = house.call(Method::POST, "/api/v1/subscribers", new).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{missing}");
            assert!(answer.body.contains(missing), "{}", answer.body);
        }
        let mut new = ada(&house);
        new["stated"] = json!(" ");
        assert_eq!(house.call(Method::POST, "/api/v1/subscribers", new).await.json()["errors"][0]["field"], "stated");
        assert!(house.find("ada@example.com").await.is_none());
    }
}

both! {
    async fn a_person_is_brought_on_file_changed_unsubscribed_and_erased(db: TestDb) {
        let house = House::new(&db).await;
        let made = house.call(Method::POST, "/api/v1/subscribers", ada(&house)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        assert_eq!(made.json()["email"], "ada@example.com");
        let path = format!("/api/v1/subscribers/{}", made.json()["id"].as_str().unwrap());
        let person = house.find("ada@example.com").await.unwrap();
        assert_eq!(house.topics_of(&person).await, ["offers"]);

        let change = json!({ "profile": { "name": "Ada Lovelace" } });
        let changed = house.call_with(Method::PATCH, &path, change, &[("if-match", made.header("etag"))]).await;
        assert_eq!(changed.json()["profile"]["name"], "Ada Lovelace", "{}", changed.body);

        let ledger = house.call(Method::GET, &format!("{path}/consent"), Value::Null).await.json();
        assert_eq!(ledger["items"][0]["basis"], "consent");
        assert_eq!(ledger["items"][0]["proof"]["note"], "paper form of 2 March");
        let export = house.call(Method::GET, &format!("{path}/export"), Value::Null).await;
        assert_eq!(export.json()["profile"]["name"], "Ada Lovelace");

        let left = house.call(Method::POST, &format!("{path}/leave"), json!({ "brand": house.brand.id })).await;
        assert_eq!(left.json()["topics"].as_array().unwrap().len(), 1, "{}", left.body);
        let standing = format!("{path}/subscriptions?brand={}", house.brand.id);
        let standing = house.call(Method::GET, &standing, Value::Null).await.json();
        assert_eq!(standing["subscriptions"][0]["state"], "unsubscribed");

        assert_eq!(house.call(Method::DELETE, &path, Value::Null).await.status, StatusCode::NO_CONTENT);
        assert_eq!(house.call(Method::GET, &path, Value::Null).await.status, StatusCode::NOT_FOUND);
        let back = house.call(Method::POST, "/api/v1/subscribers", ada(&house)).await;
        assert_eq!(back.status, StatusCode::CONFLICT, "erased people are not brought back by somebody else's word");
    }
}

both! {
    async fn an_invitation_asks_and_does_not_tell_who_is_known(db: TestDb) {
        let house = House::new(&db).await;
        let invite = json!({
            "brand": house.brand.id, "email": "bob@example.com", "topics": [house.seeded.topics[1].id], "stated": "met at the fair",
        });
        for _ in 0..2 {
            let answer = house.call(Method::POST, "/api/v1/subscribers/invitations", invite.clone()).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::ACCEPTED, ""));
        }
        assert_eq!(house.mails().await.len(), 1, "one such mail a day");
    }
}

both! {
    async fn an_address_that_no_mail_reaches_is_refused_at_every_door(db: TestDb) {
        let house = House::new(&db).await;
        let known = house.call(Method::POST, "/api/v1/subscribers", ada(&house)).await;
        let path = format!("/api/v1/subscribers/{}", known.json()["id"].as_str().unwrap());
        let version = [("if-match", known.header("etag"))];
        let mut new = ada(&house);
        new["email"] = json!("jörg@example.com");
        let invite = json!({
            "brand": house.brand.id, "email": "jörg@example.com", "topics": [house.seeded.topics[1].id], "stated": "met at the fair",
        });
        let refused = [
            house.call(Method::POST, "/api/v1/subscribers", new).await,
            house.call(Method::POST, "/api/v1/subscribers/invitations", invite).await,
            house.call_with(Method::PATCH, &path, json!({ "email": "jörg@example.com" }), &version).await,
        ];
        for answer in refused {
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
            let error = &answer.json()["errors"][0];
            assert_eq!(error["field"], "email");
            assert!(error["detail"].as_str().unwrap().contains("beyond ASCII"), "{error}");
        }
        assert!(house.find("jörg@example.com").await.is_none());
    }
}

both! {
    async fn a_list_comes_in_pages_without_gap_or_repetition(db: TestDb) {
        let house = House::new(&db).await;
        for at in 0..7 {
            house.pass(std::time::Duration::from_secs(1));
            let mut new = ada(&house);
            new["email"] = json!(format!("p{at}@example.com"));
            assert_eq!(house.call(Method::POST, "/api/v1/subscribers", new).await.status, StatusCode::CREATED);
        }
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = house.call(Method::GET, &format!("/api/v1/subscribers?limit=3{after}"), Value::Null).await.json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|person| person["email"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, (0..7).map(|at| format!("p{at}@example.com")).collect::<Vec<_>>());
        for query in ["limit=0", "limit=201", "limit=many", "after=nonsense", "state=confirmed"] {
            let answer = house.call(Method::GET, &format!("/api/v1/subscribers?{query}"), Value::Null).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        }
        let one = house.call(Method::GET, "/api/v1/subscribers?email=P3%40Example.com", Value::Null).await.json();
        assert_eq!(one["items"].as_array().unwrap().len(), 1);
    }
}

both! {
    async fn a_pause_lies_within_a_year(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let path = format!("/api/v1/subscribers/{}/pause", person.id);
        let put = async |until: Value| house.call(Method::PUT, &path, json!({ "brand": house.brand.id, "until": until })).await.status;
        assert_eq!(put(json!("2026-05-01T00:00:00Z")).await, StatusCode::NO_CONTENT);
        assert_eq!(put(Value::Null).await, StatusCode::NO_CONTENT);
        let export = house.call(Method::GET, &format!("/api/v1/subscribers/{}/export", person.id), Value::Null).await.json();
        for actor in ["set_by", "ended_by"] {
            let actor = export["pauses"][0][actor].as_str().unwrap();
            assert!(actor.starts_with("token:"), "{actor}");
        }
        assert_eq!(put(json!("2020-05-01T00:00:00Z")).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(put(json!("2036-05-01T00:00:00Z")).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
