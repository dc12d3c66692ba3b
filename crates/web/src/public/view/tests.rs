use axum::http::{Method, StatusCode};
use domain::{Actor, MailingNo};
use serde_json::json;
use testkit::{TestDb, both};

use crate::testing::{House, path};

const MJML: &str = "<mjml><mj-body><mj-section><mj-column>\
    <mj-text>Dear {{fallback first_name \"reader\"}}, hello</mj-text></mj-column></mj-section></mj-body></mjml>";

both! {
    async fn the_mail_in_the_browser_shows_nobodys_name_and_no_token(db: TestDb) {
        let house = House::new(&db).await;
        let campaign = json!({
            "brand": house.brand.id, "topic": house.seeded.topics[0].id, "name": "Spring", "subject": "Spring", "mjml": MJML,
        });
        let campaign = house.call(Method::POST, "/api/v1/campaigns", campaign).await;
        assert_eq!(campaign.status, StatusCode::CREATED, "{}", campaign.body);
        let id: domain::CampaignId = campaign.json()["id"].as_str().unwrap().parse().unwrap();
        let to = "ada@example.com".parse().unwrap();
        campaigns::test_mail(db.database(), id, to, &Actor::Operator, testkit::start_of_time()).await.unwrap();
        let mailing = campaigns::find(db.database().reader(), id).await.unwrap().unwrap().mailing.unwrap();

        let page = house.get(&path(&house.links().view_url(&house.site(), mailing).unwrap())).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        assert!(page.body.contains("Dear reader, hello"), "{}", page.body);
        assert!(!page.body.contains("/u/") && !page.body.contains("/p/"), "{}", page.body);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    }
}

both! {
    async fn a_mailing_that_is_no_campaigns_has_no_page(db: TestDb) {
        let house = House::new(&db).await;
        house.sign_up("ada@example.com", &[0]).await;
        for mailing in [MailingNo(1), MailingNo(99)] {
            let link = path(&house.links().view_url(&house.site(), mailing).unwrap());
            assert_eq!(house.get(&link).await.status, StatusCode::NOT_FOUND);
        }
    }
}
