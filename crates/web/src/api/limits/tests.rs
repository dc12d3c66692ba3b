use ::limits::{Limits, Route, Settings, pace, pause};
use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use domain::{Actor, CampaignId, InstanceId, MailboxProvider};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

const PATH: &str = "/api/v1/limits";

both! {
    async fn a_provider_that_is_held_back_is_shown_with_the_reason_and_lifted_once(db: TestDb) {
        let house = House::new(&db).await;
        assert_eq!(house.call(Method::GET, PATH, Value::Null).await.json()["items"], json!([]));
        let (gmail, now): (MailboxProvider, _) = ("gmail".parse().unwrap(), house.state.now());
        let (conn, until) = (db.database().writer(), now + TimeDelta::minutes(10));
        pause::set(conn, &gmail, until, "code.google-rate", "slower", &Actor::rule("sender.block"), now).await.unwrap();
        pace::slow(conn, &gmail, 7_200, ("code.google-rate", "slower"), until, now).await.unwrap();

        let shown = house.call(Method::GET, PATH, Value::Null).await.json()["items"][0].clone();
        assert_eq!((&shown["provider"], &shown["rate"]), (&json!("gmail"), &Value::Null));
        assert_eq!((&shown["pause"]["rule"], &shown["pause"]["words"]), (&json!("code.google-rate"), &json!("slower")));
        assert_eq!(shown["pause"]["by"], json!(Actor::rule("sender.block").to_string()));
        assert_eq!((&shown["pace"]["per_hour"], &shown["pace"]["full_per_hour"]), (&json!(3_600), &json!(7_200)));

        let lift = format!("{PATH}/gmail/lift");
        assert_eq!(house.call(Method::POST, &lift, Value::Null).await.status, StatusCode::NO_CONTENT);
        assert_eq!(house.call(Method::GET, PATH, Value::Null).await.json()["items"], json!([]));
        let kept = pause::last(db.database().reader(), &gmail).await.unwrap().unwrap();
        assert!(matches!(kept.lifted_by, Some(Actor::Token(_))), "{kept:?}");
        let audit = accounts::audit::list(db.database().reader(), None, None, 100).await.unwrap();
        assert!(audit.iter().any(|entry| (entry.act.as_str(), entry.object.as_str()) == ("limit.lift", "limit:gmail")));
        assert_eq!(house.call(Method::POST, &lift, Value::Null).await.status, StatusCode::NOT_FOUND);
    }
}

both! {
    async fn how_far_a_relay_is_warmed_up_is_shown(db: TestDb) {
        let house = House::new(&db).await;
        let (gmail, now): (MailboxProvider, _) = ("gmail".parse().unwrap(), house.state.now());
        let settings = Settings { warm_ups: house.state.settings.warm_ups.clone(), ..Settings::default() };
        let limits = Limits::new(settings, InstanceId::new(now), house.state.clock.clone());
        let campaign = Some(CampaignId::new(now));
        let class = limits.class(&Route { relay: "main", provider: &gmail, brand: "acme", campaign });
        limits.refill(db.database(), &[(class, 7)], now).await.unwrap();
        pause::set(db.database().writer(), &gmail, now, "code.x", "no", &Actor::rule("sender.block"), now).await.unwrap();
        let shown = house.call(Method::GET, PATH, Value::Null).await.json()["items"][0]["warm_ups"][0].clone();
        assert_eq!((&shown["relay"], &shown["day"], &shown["amount"], &shown["used"]), (&json!("main"), &json!(1), &json!(50), &json!(7)));
        let frozen = json!({ "on": now.date_naive(), "rule": "code.x", "words": "no" });
        assert_eq!(shown["frozen"], frozen);
    }
}
