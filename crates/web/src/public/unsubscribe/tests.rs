use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::SubscriberId;
use links::Person;
use subscribers::Subscriber;
use testkit::{TestDb, both};

use crate::testing::{House, path};

fn link(house: &House<'_>, person: &Subscriber) -> String {
    path(&house.links().unsubscribe_url(&house.site(), house.person(person)))
}

const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

both! {
    async fn fetching_the_link_a_thousand_times_changes_nothing(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = link(&house, &person);
        for _ in 0..334 {
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                let answer = house.ask(method, &link).await;
                assert!(answer.headers.get("set-cookie").is_none());
            }
        }
        assert_eq!(house.topics_of(&person).await, ["offers"]);
    }
}

both! {
    async fn one_click_acts_at_once_in_either_encoding_and_ten_at_a_time(db: TestDb) {
        let house = House::new(&db).await;
        let multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n";
        for (email, kind, body) in [
            ("ada@example.com", "application/x-www-form-urlencoded", ONE_CLICK),
            ("bob@example.com", "multipart/form-data; boundary=b", multipart),
            ("cyd@example.com", "", ONE_CLICK),
        ] {
            let person = house.member(email, &[0, 1]).await;
            let link = link(&house, &person);
            let posts: [_; 10] = std::array::from_fn(|_| house.post(&link, kind, body.to_owned()));
            let [a, b, c, d, e, f, g, h, i, j] = posts;
            let (a, b, c, d, e, f, g, h, i, j) = tokio::join!(a, b, c, d, e, f, g, h, i, j);
            for answer in [a, b, c, d, e, f, g, h, i, j] {
                assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
                assert!(answer.headers.get("location").is_none() && answer.headers.get("set-cookie").is_none());
            }
            assert_eq!(house.topics_of(&person).await, ["events"]);
            let ledger = subscribers::consent::show(db.database().reader(), &person.email).await.unwrap().unwrap();
            let left = ledger.iter().filter(|entry| entry.act == subscribers::consent::Act::Left).count();
            assert_eq!(left, 1, "ten posts are one change");
        }
    }
}

both! {
    async fn a_person_who_is_gone_is_answered_like_any_other(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = link(&house, &person);
        crate::erase(db.database(), person.id, &domain::Actor::Operator, testkit::start_of_time()).await.unwrap();
        let answer = house.post(&link, "application/x-www-form-urlencoded", ONE_CLICK).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

both! {
    async fn the_page_leaves_and_takes_it_back_within_ten_minutes(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0, 1]).await;
        let link = link(&house, &person);
        assert!(house.get(&link).await.body.contains("Unsubscribe from Offers"));
        let page = house.press(&link, &[("act", "leave")]).await;
        assert!(page.body.contains("You are unsubscribed"), "{}", page.body);
        assert_eq!(page.input("undo"), "topic");
        assert_eq!(house.topics_of(&person).await, ["events"]);
        assert!(house.press(&link, &[("act", "undo"), ("undo", "topic")]).await.body.contains("You are back"));
        assert_eq!(house.topics_of(&person).await, ["offers", "events"]);

        assert_eq!(house.press(&link, &[("act", "leave-all")]).await.input("undo"), "brand");
        assert!(house.topics_of(&person).await.is_empty());
        house.pass(Duration::from_secs(11 * 60));
        assert!(house.press(&link, &[("act", "undo"), ("undo", "brand")]).await.body.contains("Too late"));
        assert!(house.topics_of(&person).await.is_empty());
    }
}

both! {
    async fn a_test_mails_link_shows_the_pages_and_changes_nothing(db: TestDb) {
        let house = House::new(&db).await;
        let nobody = Person { subscriber: SubscriberId::NOBODY, topic: house.seeded.topics[0].no };
        let link = path(&house.links().unsubscribe_url(&house.site(), nobody));
        assert_eq!(house.get(&link).await.status, StatusCode::OK);
        assert!(house.press(&link, &[("act", "leave")]).await.body.contains("You are unsubscribed"));
        assert_eq!(house.post(&link, "", ONE_CLICK).await.status, StatusCode::OK);
    }
}
