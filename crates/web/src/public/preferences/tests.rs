use axum::http::StatusCode;
use domain::SubscriberId;
use links::Person;
use subscribers::Subscriber;
use testkit::{TestDb, both};

use crate::testing::{House, path};

fn link(house: &House<'_>, person: &Subscriber) -> String {
    path(&house.links().preferences_url(&house.site(), house.person(person)))
}

both! {
    async fn a_footers_link_leaves_topics_and_takes_it_back(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0, 2]).await;
        let link = link(&house, &person);
        let topic = house.seeded.topics[2].id.to_string();
        assert!(house.get(&link).await.body.contains("Product news"));
        let page = house.press(&link, &[("act", "leave"), ("topic", &topic)]).await;
        assert!(page.body.contains("You have left Product news."), "{}", page.body);
        assert_eq!(house.topics_of(&person).await, ["offers"]);
        let undo = page.input("undo").to_owned();
        assert!(house.press(&link, &[("act", "undo"), ("undo", &undo)]).await.body.contains("all is as it was"));
        assert_eq!(house.topics_of(&person).await, ["offers", "product-news"]);
        assert!(house.press(&link, &[("act", "leave-all")]).await.body.contains("unsubscribed from everything"));
        assert!(house.topics_of(&person).await.is_empty());
    }
}

both! {
    async fn a_break_is_taken_and_made_longer_but_neither_ended_nor_shortened(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = link(&house, &person);
        let page = house.press(&link, &[("act", "pause"), ("days", "30")]).await;
        assert!(page.body.contains("Your break lasts until 1 April 2026"), "{}", page.body);
        for (days, end) in [("60", "1 May 2026"), ("1", "1 May 2026")] {
            let page = house.press(&link, &[("act", "pause"), ("days", days)]).await;
            assert!(page.body.contains(&format!("We write nothing until {end}")), "{}", page.body);
        }
        let answer = house.press(&link, &[("act", "resume")]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "that needs the mailbox");
        for days in ["", "0", "-1", "100000", "many"] {
            assert_eq!(house.press(&link, &[("act", "pause"), ("days", days)]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
}

both! {
    async fn whoever_was_forwarded_the_mail_sees_no_data_and_the_link_goes_to_the_person(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("zora@example.com", &[0]).await;
        let link = link(&house, &person);
        for page in [house.get(&link).await, house.press(&link, &[("act", "access")]).await] {
            assert_eq!(page.status, StatusCode::OK);
            for secret in ["zora", "Ada", "@example.com", &person.id.to_string()] {
                assert!(!page.body.contains(secret), "{secret} is in {}", page.body);
            }
        }
        let mails = house.mails().await;
        assert_eq!(mails.iter().filter(|(kind, _)| kind == "access").count(), 1);
    }
}

both! {
    async fn nobody_joins_by_a_footers_link(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = link(&house, &person);
        let topic = house.seeded.topics[1].id.to_string();
        for act in ["join", "export", "erase", "change", ""] {
            let answer = house.press(&link, &[("act", act), ("topic", &topic), ("sure", "yes")]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{act}");
        }
        assert_eq!(house.topics_of(&person).await, ["offers"]);
    }
}

both! {
    async fn a_test_mails_link_says_so(db: TestDb) {
        let house = House::new(&db).await;
        let nobody = Person { subscriber: SubscriberId::NOBODY, topic: house.seeded.topics[0].no };
        let link = path(&house.links().preferences_url(&house.site(), nobody));
        assert!(house.get(&link).await.body.contains("link of a test mail"));
        assert!(house.press(&link, &[("act", "leave-all")]).await.body.contains("changes nothing"));
    }
}

both! {
    async fn the_readers_language_is_spoken(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let request = axum::http::Request::get(link(&house, &person)).header("accept-language", "de-AT, en;q=0.5");
        let page = house.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert!(page.body.contains("<html lang=\"de\">") && page.body.contains("Ihre Mails von Acme"));
    }
}
