use std::time::Duration;

use axum::http::{Method, StatusCode};
use testkit::{TestDb, both};

use crate::testing::House;

both! {
    async fn looking_confirms_nothing_and_the_button_does_once(db: TestDb) {
        let house = House::new(&db).await;
        house.sign_up("ada@example.com", &[0, 1]).await;
        let link = house.confirm_path().await;
        for _ in 0..20 {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                house.ask(method, &link).await;
            }
        }
        let person = house.find("ada@example.com").await.unwrap();
        assert!(house.topics_of(&person).await.is_empty());
        let page = house.get(&link).await;
        assert!(page.body.contains("Yes, sign me up") && page.body.contains("Offers") && page.body.contains("Events"));
        assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
        assert_eq!(page.header("referrer-policy"), "no-referrer");

        let done = house.press(&link, &[]).await;
        assert!(done.body.contains("You are signed up"), "{}", done.body);
        assert_eq!(house.topics_of(&person).await, ["offers", "events"]);
        assert!(house.press(&link, &[]).await.body.contains("You were signed up already"));
        assert!(house.get(&link).await.body.contains("You were signed up already"));
    }
}

both! {
    async fn a_link_that_has_run_out_offers_a_fresh_one(db: TestDb) {
        let house = House::new(&db).await;
        house.sign_up("ada@example.com", &[0]).await;
        let link = house.confirm_path().await;
        house.pass(Duration::from_secs(8 * 86_400));
        assert!(house.get(&link).await.body.contains("This link has run out"));
        assert!(house.press(&link, &[]).await.body.contains("This link has run out"));
        let page = house.press(&link, &[("act", "resend")]).await;
        assert!(page.body.contains("Check your inbox"));
        let fresh = house.confirm_path().await;
        assert_ne!(fresh, link);
        assert!(house.press(&fresh, &[]).await.body.contains("You are signed up"));
    }
}

both! {
    async fn a_forged_link_and_one_of_another_purpose_say_no_more_than_that(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let preferences = house.links().preferences_url(&house.site(), house.person(&person));
        let token = preferences.path().rsplit('/').next().unwrap().to_owned();
        for token in [&token, "aaaa", "%00", &"a".repeat(500)] {
            for path in ["confirm", "access", "view", "u"] {
                let link = format!("/{path}/{token}");
                let answers = [house.get(&link).await, house.press(&link, &[("act", "leave")]).await];
                for answer in answers.iter().take(if path == "view" { 1 } else { 2 }) {
                    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{link}");
                    assert!(answer.body.contains("This link does not work"), "{link}: {}", answer.body);
                }
            }
        }
        assert_eq!(house.topics_of(&person).await, ["offers"]);
    }
}
