use ::alerts::{Alarm, Subject};
use axum::http::{Method, StatusCode};
use domain::CampaignId;
use limits::{Cause, Level, Share};
use serde_json::{Value, json};
use testkit::{TestDb, both};

use crate::testing::House;

const PATH: &str = "/api/v1/alerts";

both! {
    async fn an_alert_is_shown_with_its_figures_until_somebody_acknowledges_it(db: TestDb) {
        let house = House::new(&db).await;
        assert_eq!(house.call(Method::GET, PATH, Value::Null).await.json()["items"], json!([]));
        let (brand, campaign) = (house.brand.id, CampaignId::new(house.state.now()));
        let alarm = Alarm {
            subject: Subject::Campaign { brand, campaign },
            cause: Cause::HardBounces,
            level: Level::Pause,
            share: Some(Share { count: 12, of: 200 }),
            words: String::new(),
        };
        let alert = ::alerts::raise(db.database().writer(), alarm, house.state.now()).await.unwrap().unwrap();

        let shown = house.call(Method::GET, PATH, Value::Null).await.json()["items"][0].clone();
        assert_eq!((&shown["cause"], &shown["level"]), (&json!("hard_bounces"), &json!("pause")));
        assert_eq!((&shown["brand"], &shown["campaign"], &shown["provider"]), (&json!(brand), &json!(campaign), &Value::Null));
        assert_eq!(shown["share"], json!({ "count": 12, "of": 200 }));

        let path = format!("{PATH}/{}/acknowledge", alert.id);
        let answer = house.call(Method::POST, &path, Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.json()["acknowledged_by"].as_str().unwrap().starts_with("token:"));
        assert_eq!(house.call(Method::GET, PATH, Value::Null).await.json()["items"], json!([]));
        let all = house.call(Method::GET, &format!("{PATH}?all=true"), Value::Null).await.json();
        assert_eq!(all["items"].as_array().unwrap().len(), 1);
        let object = format!("alert:{}", alert.id);
        let audit = accounts::audit::list(db.database().reader(), None, None, 100).await.unwrap();
        assert!(audit.iter().any(|entry| entry.act == "alert.acknowledge" && entry.object == object));
        let unknown = format!("{PATH}/{}/acknowledge", domain::AlertId::new(house.state.now()));
        assert_eq!(house.call(Method::POST, &unknown, Value::Null).await.status, StatusCode::NOT_FOUND);
    }
}
