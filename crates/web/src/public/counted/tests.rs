use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use domain::{Actor, DeliveryKey, MailingNo, Ordinal};
use feedback::tracking::{Deed, Hit, Whose};
use links::Anonymous;
use serde_json::json;
use testkit::{TestDb, both};

use crate::testing::{Answer, House, path};

const MJML: &str = "<mjml><mj-body><mj-section><mj-column><mj-text><a href=\"https://shop.example/a?x=1&amp;y=2\">A</a> \
    <a href=\"https://shop.example/ü\">B</a></mj-text></mj-column></mj-section></mj-body></mjml>";

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// A campaign whose words are frozen, and a mail of it.
async fn mail(house: &House<'_>) -> DeliveryKey {
    let topic = house.seeded.topics[0].id;
    let campaign =
        json!({ "brand": house.brand.id, "topic": topic, "name": "Spring", "subject": "Spring", "mjml": MJML });
    let campaign = house.call(Method::POST, "/api/v1/campaigns", campaign).await;
    let id: domain::CampaignId = campaign.json()["id"].as_str().unwrap().parse().unwrap();
    let (db, now) = (house.db.database(), testkit::start_of_time());
    campaigns::test_mail(db, id, "ada@example.com".parse().unwrap(), &Actor::Operator, now).await.unwrap();
    campaigns::schedule(db, id, now + chrono::TimeDelta::days(1), None, &Actor::Operator, now).await.unwrap();
    let mailing = campaigns::find(db.reader(), id).await.unwrap().unwrap().mailing.unwrap();
    DeliveryKey::new(mailing, Ordinal(1))
}

async fn ask(house: &House<'_>, method: Method, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("user-agent", FIREFOX);
    house.send(request.body(Body::empty()).unwrap()).await
}

impl House<'_> {
    fn hits(&self) -> Vec<Hit> {
        self.state.hits.drain()
    }

    fn click_path(&self, key: DeliveryKey) -> String {
        path(&self.links().click_url(&self.site(), key).unwrap())
    }

    fn open_path(&self, key: DeliveryKey) -> String {
        path(&self.links().open_url(&self.site(), key).unwrap())
    }
}

both! {
    async fn a_link_is_counted_and_leads_where_the_document_says(db: TestDb) {
        let house = House::new(&db).await;
        let key = mail(&house).await;
        let link = house.click_path(key);
        for (number, target) in [(0, "https://shop.example/a?x=1&y=2"), (1, "https://shop.example/%C3%BC")] {
            let answer = ask(&house, Method::GET, &format!("{link}/{number}")).await;
            assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, target));
            assert_eq!((answer.header("cache-control"), answer.header("referrer-policy")), ("no-store", "no-referrer"));
        }
        let hits = house.hits();
        let [first, second] = hits.as_slice() else { panic!("{hits:?}") };
        assert_eq!((first.deed, second.deed), (Deed::Clicked(0), Deed::Clicked(1)));
        assert_eq!((first.whose, first.brand, first.links), (Whose::Delivery(key), house.brand.id, 2));
        assert_eq!((first.suspect, first.network.unwrap().to_string().as_str()), (None, "192.0.2.0/24"));

        let place = Anonymous { mailing: key.mailing, variant: 0 };
        let link = path(&house.links().anonymous_click_url(&house.site(), place).unwrap());
        assert_eq!(ask(&house, Method::GET, &format!("{link}/0")).await.status, StatusCode::FOUND);
        assert_eq!(house.hits()[0].whose, Whose::Mailing(key.mailing));
    }
}

both! {
    async fn a_picture_of_one_point_says_that_a_mail_was_opened(db: TestDb) {
        let house = House::new(&db).await;
        let key = mail(&house).await;
        let answer = ask(&house, Method::GET, &house.open_path(key)).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "image/gif"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
        assert!(answer.body.starts_with("GIF89a"));
        let hits = house.hits();
        assert_eq!((hits.len(), hits[0].deed, hits[0].whose), (1, Deed::Opened, Whose::Delivery(key)));
    }
}

both! {
    async fn a_head_is_answered_alike_and_counts_nothing(db: TestDb) {
        let house = House::new(&db).await;
        let key = mail(&house).await;
        let answer = ask(&house, Method::HEAD, &format!("{}/0", house.click_path(key))).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::FOUND, "https://shop.example/a?x=1&y=2"));
        assert_eq!(ask(&house, Method::HEAD, &house.open_path(key)).await.status, StatusCode::OK);
        for method in [Method::POST, Method::OPTIONS, Method::DELETE] {
            assert_eq!(ask(&house, method, &house.open_path(key)).await.status, StatusCode::METHOD_NOT_ALLOWED);
        }
        assert_eq!(house.hits(), []);
    }
}

both! {
    async fn a_wrong_link_is_a_page_and_nothing_else(db: TestDb) {
        let house = House::new(&db).await;
        let key = mail(&house).await;
        let (click, open) = (house.click_path(key), house.open_path(key));
        let forged = format!("{}{}", &click[..click.len() - 1], if click.ends_with('a') { 'b' } else { 'a' });
        let gone = house.click_path(DeliveryKey::new(MailingNo(99), Ordinal(1)));
        let other = click.replacen("/c/", "/o/", 1);
        for link in [
            format!("{forged}/0"),
            format!("{click}/2"),
            format!("{click}/-1"),
            format!("{click}/https:%2F%2Fevil.example"),
            format!("{}/0", open.replacen("/o/", "/c/", 1)),
            format!("{}/0", click.replacen("/c/", "/l/", 1)),
            format!("{gone}/0"),
            other,
            format!("/c/{}/0", "a".repeat(5_000)),
        ] {
            let answer = ask(&house, Method::GET, &link).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{link}");
            assert!(answer.body.contains("<h1>") && answer.headers.get("location").is_none(), "{link}");
        }
        assert_eq!(house.hits(), []);
    }
}

both! {
    async fn whoever_follows_a_link_without_end_is_led_there_and_counted_no_longer(db: TestDb) {
        let house = House::new(&db).await;
        let key = mail(&house).await;
        let link = format!("{}/0", house.click_path(key));
        for _ in 0..130 {
            assert_eq!(ask(&house, Method::GET, &link).await.status, StatusCode::FOUND);
        }
        assert_eq!(house.hits().len(), 120);
        house.pass(Duration::from_secs(30));
        ask(&house, Method::GET, &link).await;
        assert_eq!(house.hits().len(), 1);
    }
}
