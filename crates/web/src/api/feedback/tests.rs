use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

both! {
    async fn without_any_returned_mail_the_list_is_empty_and_an_unknown_one_is_a_problem(db: TestDb) {
        let house = House::new(&db).await;
        let list = house.call(Method::GET, "/api/v1/feedback?standing=not_understood", Value::Null).await;
        assert_eq!((list.status, list.json()["items"].clone()), (StatusCode::OK, json!([])));
        for (path, body) in [("/replay", Value::Null), ("/release", json!({ "why": "a mistake" }))] {
            let path = format!("/api/v1/feedback/01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f{path}");
            assert_eq!(house.call(Method::POST, &path, body).await.status, StatusCode::NOT_FOUND);
        }
        for path in ["", "/raw"] {
            let path = format!("/api/v1/feedback/01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f{path}");
            assert_eq!(house.call(Method::GET, &path, Value::Null).await.status, StatusCode::NOT_FOUND);
        }
    }
}

both! {
    async fn what_a_mail_did_is_listed_and_taken_back_once_with_a_reason(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        // A wish to leave is a mail that does something, and nobody else's to take back.
        let links = links::Links::new(&testkit::keys());
        let site = links::Site::new(house.brand.base_url.clone(), &house.brand.bounce_domain).unwrap();
        let leaving = links::Person { subscriber: person.id, topic: house.seeded.topics[0].no };
        let to = [links.unsubscribe_mailto(&site, leaving).unwrap()];
        let (source, raw) = ("test", &b"Subject: no more\r\n\r\nplease\r\n"[..]);
        let incoming = ::feedback::Incoming { source, from: "", to: &to, raw };
        ::feedback::process(db.database(), &links, incoming, testkit::start_of_time()).await.unwrap();
        let list = |query: &str| format!("/api/v1/feedback?{query}");
        for (query, found) in [("source=test", 1), ("kind=unknown", 1), ("source=listener", 0), ("class=hard", 0)] {
            let items = house.call(Method::GET, &list(query), Value::Null).await.json()["items"].clone();
            assert_eq!(items.as_array().unwrap().len(), found, "{query}");
        }
        let mail = house.call(Method::GET, &list("standing=acted"), Value::Null).await.json()["items"][0].clone();
        assert_eq!((&mail["effect"], &mail["released"]), (&json!("left"), &Value::Null));
        let path = format!("/api/v1/feedback/{}", mail["id"].as_str().unwrap());
        let post = async |act: &str, body| house.call(Method::POST, &format!("{path}/{act}"), body).await;
        assert_eq!(post("release", json!({ "why": "a mistake" })).await.status, StatusCode::CONFLICT);
        assert_eq!(post("release", json!({ "why": " " })).await.json()["errors"][0]["field"], "why");
        let replayed = post("replay", Value::Null).await.json();
        assert_eq!((&replayed["changed"], &replayed["why"]), (&json!(false), &json!("it has done what it asks for")));
        let read = house.token("feedback:read").await;
        let bearer = format!("Bearer {read}");
        let answer = house.call_with(Method::POST, &format!("{path}/replay"), Value::Null, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
}

both! {
    async fn who_has_seen_what_waits_for_a_person_is_written_down_once_and_it_waits_no_more(db: TestDb) {
        let house = House::new(&db).await;
        let links = links::Links::new(&testkit::keys());
        let to = ["postmaster@bounce.acme.example".parse().unwrap()];
        let incoming = ::feedback::Incoming { source: "test", from: "", to: &to, raw: b"Subject: hello\r\n\r\nwhat?\r\n" };
        ::feedback::process(db.database(), &links, incoming, testkit::start_of_time()).await.unwrap();
        let unseen = "/api/v1/feedback?standing=not_understood&unseen=true";
        let mail = house.call(Method::GET, unseen, Value::Null).await.json()["items"][0].clone();
        assert_eq!(mail["acknowledged"], Value::Null);
        let path = format!("/api/v1/feedback/{}/acknowledge", mail["id"].as_str().unwrap());
        let reader = format!("Bearer {}", house.token("feedback:read").await);
        let refused = house.call_with(Method::POST, &path, Value::Null, &[("authorization", &reader)]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        let seen = house.call(Method::POST, &path, Value::Null).await;
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
        assert!(seen.json()["acknowledged"]["by"].as_str().unwrap().starts_with("token:"), "{}", seen.body);
        assert_eq!(house.call(Method::GET, unseen, Value::Null).await.json()["items"], json!([]));
        let acts = accounts::audit::list(db.database().reader(), None, None, 9).await.unwrap();
        assert_eq!(acts.iter().filter(|act| act.act == "feedback.acknowledge").count(), 1);
        let unknown = "/api/v1/feedback/01936b2e-7a80-7c3e-9c55-0f6f0c1d2e3f/acknowledge";
        assert_eq!(house.call(Method::POST, unknown, Value::Null).await.status, StatusCode::NOT_FOUND);
    }
}

both! {
    async fn a_complaint_is_released_by_who_may_write_suppressions_too(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let (txn, now) = (db.database().begin().await.unwrap(), testkit::start_of_time());
        let mail = domain::ReturnedMailId::new(now);
        let origin = subscribers::suppression::Origin { returned_mail: Some(mail), ..Default::default() };
        let rule = domain::Actor::rule("arf");
        subscribers::record_complaint(&txn, person.id, house.brand.id, &rule, origin, now).await.unwrap();
        txn.commit().await.unwrap();
        let insert = "INSERT INTO returned_mail (id, received_at, digest, source, envelope_from, envelope_to, raw, kind, standing, \
                      subscriber_id, effect) VALUES ($1, $2, $3, 'test', '', '', $3, 'feedback_report', 'acted', $4, 'suppressed')";
        let values = [mail.into(), now.into(), vec![1_u8].into(), person.id.into()];
        database::sql::execute(db.database().writer(), insert, values).await.unwrap();
        let release = async |scopes: &str| {
            let bearer = format!("Bearer {}", house.token(scopes).await);
            let path = format!("/api/v1/feedback/{mail}/release");
            house.call_with(Method::POST, &path, json!({ "why": "they say so" }), &[("authorization", &bearer)]).await
        };
        let refused = release("feedback:write").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.body.contains("suppressions:write"), "{}", refused.body);
        assert_eq!(release("feedback:write suppressions:write").await.status, StatusCode::OK);
    }
}
