use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::{CampaignId, Clock, DeliveryKey, InstanceId};
use outbox::{Answer, Claim, Outcome, Phase, Submitted};
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

/// A campaign whose deliveries have all been tried once; gives its path in the API.
async fn tried(house: &House<'_>, emails: &[&str], how: impl Fn(i64) -> (Outcome, Option<&'static str>)) -> String {
    for email in emails {
        house.member(email, &[0]).await;
    }
    let made = house.call(Method::POST, "/api/v1/campaigns", spring(house)).await.json();
    let path = format!("/api/v1/campaigns/{}", made["id"].as_str().unwrap());
    house.call(Method::POST, &format!("{path}/schedule"), json!({ "send_at": "2026-03-02T09:00:00Z" })).await;
    let (db, now) = (house.db.database(), house.clock.now());
    let lease = testkit::scheduler(db, now).await;
    for _ in 0..3 {
        campaigns::launch_due(db, &lease, now).await.unwrap();
    }
    let mailing =
        domain::MailingNo(house.call(Method::GET, &path, Value::Null).await.json()["mailing"].as_i64().unwrap());
    let claim = Claim {
        holder: InstanceId::new(now),
        blocked: &[],
        resting: &[],
        urgent_only: false,
        limit: 100,
        ttl: Duration::from_secs(60),
    };
    while let Some(batch) = outbox::claim(db, &claim, now).await.unwrap() {
        if batch.mailing.no != mailing {
            // The mails by which they signed up.
            continue;
        }
        let keys: Vec<DeliveryKey> = batch.deliveries.iter().map(|claimed| claimed.key).collect();
        let submitted = outbox::submit(db.writer(), &batch.lease, &keys, now).await.unwrap();
        let answer = |submitted: Submitted| {
            let (outcome, reply) = how(submitted.key.ordinal.0);
            Answer {
                key: submitted.key,
                attempt: submitted.attempt,
                outcome,
                relay: "main".to_owned(),
                phase: Phase::Dot,
                offered: true,
                reply: reply.map(|reply| reply.parse().unwrap()),
                relay_message_id: None,
                class: reply.map(|reply| verdict::judge(&reply.parse().unwrap(), None).class.to_string()),
                rule: None,
                started_at: now,
                answered_at: now,
            }
        };
        let answers: Vec<Answer> = submitted.into_iter().map(answer).collect();
        outbox::record(db.writer(), claim.holder, &answers, now).await.unwrap();
    }
    path
}

both! {
    async fn what_failed_is_exported_and_tried_again(db: TestDb) {
        let house = House::new(&db).await;
        let path = tried(&house, &["ada@example.com", "+bob@example.com", "cyd@example.com"], |ordinal| match ordinal {
            1 => (Outcome::Failed, Some("550 5.1.1 no such user")),
            2 => (Outcome::Failed, Some("550 5.7.1 not, from \"you\"")),
            _ => (Outcome::InDoubt, None),
        }).await;
        let table = house.call(Method::GET, &format!("{path}/deliveries/export"), Value::Null).await;
        assert_eq!((table.status, table.header("content-type")), (StatusCode::OK, "text/csv; charset=utf-8; header=present"));
        let lines: Vec<&str> = table.body.lines().collect();
        assert_eq!((lines.len(), lines[0].split(',').nth(1)), (4, Some("address")));
        assert!(lines[1].contains("ada@example.com") && lines[1].contains(",hard,550,"), "{}", lines[1]);
        assert!(lines[2].contains("\"'+bob@example.com\"") && lines[2].contains("\"not, from \"\"you\"\"\""), "{}", lines[2]);
        let doubts = house.call(Method::GET, &format!("{path}/deliveries/export?state=in_doubt"), Value::Null).await;
        assert_eq!(doubts.body.lines().skip(1).collect::<Vec<_>>(), lines[3..]);

        let retry = format!("{path}/deliveries/retry");
        let decided = house.call(Method::POST, &retry, Value::Null).await.json();
        let expected = json!({ "changed": 1, "gone": 1, "barred": 0, "doubted": 0, "next": null });
        assert_eq!(decided, expected);
        assert_eq!(house.call(Method::POST, &retry, Value::Null).await.json()["changed"], 0);
        let mailing = lines[1].split('.').next().unwrap();
        let one = format!("/api/v1/deliveries/{mailing}.1/retry");
        let refused = house.call(Method::POST, &one, Value::Null).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
        let tried = house.call(Method::POST, &format!("{one}?class=hard"), Value::Null).await.json();
        assert_eq!((&tried["state"], &tried["attempts"]), (&json!("deferred"), &json!(1)));
        assert_eq!(house.call(Method::POST, &format!("{retry}?class=bad"), Value::Null).await.status, StatusCode::BAD_REQUEST);
        assert_eq!(house.call(Method::POST, &format!("{retry}?after=x"), Value::Null).await.status, StatusCode::BAD_REQUEST);
    }
}

both! {
    async fn what_is_in_doubt_is_ended_for_a_whole_campaign(db: TestDb) {
        let house = House::new(&db).await;
        let path = tried(&house, &["ada@example.com", "bob@example.com"], |_| (Outcome::InDoubt, None)).await;
        let state = async |act: &str| {
            let decided = house.call(Method::POST, &format!("{path}/deliveries/{act}"), Value::Null).await;
            (decided.status, decided.json()["changed"].as_u64())
        };
        let before = "give-up?before=2026-03-02T08:00:00Z";
        assert_eq!(state(before).await, (StatusCode::OK, Some(0)), "what was not in doubt by then");
        assert_eq!(state("give-up?after=1").await, (StatusCode::OK, Some(1)));
        assert_eq!(state("resend").await, (StatusCode::OK, Some(1)));
        assert_eq!(state("retry").await, (StatusCode::OK, Some(0)), "what is given up may have arrived");
        house.call(Method::POST, &format!("{path}/cancel"), Value::Null).await;
        assert_eq!(state("resend").await.0, StatusCode::CONFLICT);
    }
}

both! {
    async fn an_export_needs_leave_to_see_addresses(db: TestDb) {
        let house = House::new(&db).await;
        let path = tried(&house, &["ada@example.com"], |_| (Outcome::Sent, None)).await;
        for (scopes, status) in [
            ("deliveries:read", StatusCode::FORBIDDEN),
            ("subscribers:read", StatusCode::FORBIDDEN),
            ("deliveries:read subscribers:read", StatusCode::OK),
        ] {
            let token = format!("Bearer {}", house.token(scopes).await);
            let headers = [("authorization", token.as_str())];
            let answer = house.call_with(Method::GET, &format!("{path}/deliveries/export"), Value::Null, &headers).await;
            assert_eq!(answer.status, status, "{scopes}");
            let answer = house.call_with(Method::POST, &format!("{path}/deliveries/retry"), Value::Null, &headers).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{scopes}");
        }
    }
}
