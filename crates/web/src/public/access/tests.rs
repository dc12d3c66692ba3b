use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::Actor;
use serde_json::Value;
use subscribers::Subscriber;
use subscribers::consent::Act;
use testkit::{TestDb, both};

use crate::testing::{Answer, House, path};

/// Asks for the link by a footer's, and returns where it leads.
async fn mailed(house: &House<'_>, person: &Subscriber) -> String {
    let footer = path(&house.links().preferences_url(&house.site(), house.person(person)));
    house.press(&footer, &[("act", "access")]).await;
    house.access_path().await
}

/// Presses a button of the page that is open.
async fn on(house: &House<'_>, link: &str, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let pass = page.input("pass").to_owned();
    let fields: Vec<_> = fields.iter().copied().chain([("pass", pass.as_str())]).collect();
    house.press(link, &fields).await
}

both! {
    async fn the_link_opens_once_and_shows_what_is_kept(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = mailed(&house, &person).await;
        for _ in 0..10 {
            assert!(house.get(&link).await.body.contains("Open my data"));
        }
        let page = house.press(&link, &[("act", "open")]).await;
        for words in ["ada@example.com", "value=\"Ada\"", "Subscribed", "Asked for Offers", "Confirmed Offers"] {
            assert!(page.body.contains(words), "{words} is not in {}", page.body);
        }
        let again = house.press(&link, &[("act", "open")]).await;
        assert_eq!(again.status, StatusCode::GONE);
        assert!(!again.body.contains("ada@example.com"));
        assert_eq!(house.get(&link).await.status, StatusCode::GONE);
    }
}

both! {
    async fn after_half_an_hour_it_opens_nothing(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = mailed(&house, &person).await;
        let page = house.press(&link, &[("act", "open")]).await;
        house.pass(Duration::from_secs(31 * 60));
        assert_eq!(on(&house, &link, &page, &[("act", "export")]).await.status, StatusCode::GONE);
    }
}

both! {
    async fn one_visit_changes_joins_and_leaves(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = mailed(&house, &person).await;
        let page = house.press(&link, &[("act", "open")]).await;
        let page = on(&house, &link, &page, &[("act", "change"), ("name", "Ada Lovelace"), ("phone", "+44 1")]).await;
        assert!(page.body.contains("Saved."), "{}", page.body);
        assert_eq!(house.find("ada@example.com").await.unwrap().profile.name.as_deref(), Some("Ada Lovelace"));

        let events = house.seeded.topics[1].id.to_string();
        house.pass(Duration::from_secs(60));
        let page = on(&house, &link, &page, &[("act", "join"), ("topic", &events)]).await;
        assert!(page.body.contains("Almost there"), "{}", page.body);
        assert_eq!(house.topics_of(&person).await, ["offers"], "coming on needs a confirmation");

        let footer = path(&house.links().preferences_url(&house.site(), house.person(&person)));
        house.press(&footer, &[("act", "pause"), ("days", "30")]).await;
        let page = on(&house, &link, &page, &[]).await;
        assert!(page.body.contains("End the break"), "{}", page.body);
        let page = on(&house, &link, &page, &[("act", "resume")]).await;
        assert!(page.body.contains("Your break is over."), "{}", page.body);
        assert!(!page.body.contains("End the break"));
        let conn = db.database().reader();
        let kept = subscribers::export(conn, person.id, testkit::start_of_time()).await.unwrap().unwrap().pauses.remove(0);
        let themselves = Some(Actor::Subscriber(person.id));
        assert_eq!((kept.set_by, kept.ended_by), (themselves.clone(), themselves), "every act has an actor");

        let offers = house.seeded.topics[0].id.to_string();
        let page = on(&house, &link, &page, &[("act", "leave"), ("topic", &offers)]).await;
        assert!(page.body.contains("You have left Offers."));
        assert!(house.topics_of(&person).await.is_empty());
    }
}

both! {
    async fn everything_can_be_taken_along(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = mailed(&house, &person).await;
        let page = house.press(&link, &[("act", "open")]).await;
        let file = on(&house, &link, &page, &[("act", "export")]).await;
        assert_eq!(file.header("content-disposition"), "attachment; filename=\"acme.json\"");
        assert_eq!(file.json()["email"], "ada@example.com");
    }
}

both! {
    async fn erasing_is_asked_twice_and_done_once(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let link = mailed(&house, &person).await;
        let page = house.press(&link, &[("act", "open")]).await;
        let page = on(&house, &link, &page, &[("act", "erase")]).await;
        assert!(page.body.contains("tick the box first"));
        let done = on(&house, &link, &page, &[("act", "erase"), ("sure", "yes")]).await;
        assert!(done.body.contains("Your data is erased"), "{}", done.body);
        assert!(house.find("ada@example.com").await.is_none());
    }
}

both! {
    async fn who_has_the_mailbox_allows_to_be_counted_and_whoever_has_a_mail_stops_it(db: TestDb) {
        let house = House::new(&db).await;
        let person = house.member("ada@example.com", &[0]).await;
        let footer = path(&house.links().preferences_url(&house.site(), house.person(&person)));
        let allowed = async || {
            let conn = db.database().reader();
            let of_the_brand = subscribers::tracking::is_allowed(conn, person.id, house.brand.id).await.unwrap();
            let view = house.call(Method::GET, &format!("/api/v1/subscribers/{}", person.id), Value::Null).await.json();
            assert_eq!(view["tracking_consent"], of_the_brand);
            of_the_brand
        };
        assert!(house.get(&footer).await.body.contains("Acme does not count which mails you open"));
        assert_eq!(house.press(&footer, &[("act", "tracking-allow")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!allowed().await, "off until the person says otherwise");

        let link = mailed(&house, &person).await;
        let page = house.press(&link, &[("act", "open")]).await;
        assert!(page.body.contains("Acme may count which of its mails I open"), "{}", page.body);
        let page = on(&house, &link, &page, &[("act", "tracking-allow")]).await;
        assert!(page.body.contains("Allowed Acme to count openings and clicks"), "{}", page.body);
        assert!(allowed().await);

        let page = house.press(&footer, &[("act", "tracking-stop")]).await;
        assert!(page.body.contains("From now on nothing of it is counted."), "{}", page.body);
        assert!(!allowed().await, "withdrawn is withdrawn at once");
        let ledger = subscribers::consent::show(db.database().reader(), &person.email).await.unwrap().unwrap();
        let entry = |act| ledger.iter().find(|entry| entry.act == act).unwrap();
        let (allowed, withdrawn) = (entry(Act::TrackingAllowed), entry(Act::TrackingWithdrawn));
        assert!(allowed.intact && withdrawn.intact);
        let words = allowed.proof.as_ref().unwrap().note.as_deref().unwrap();
        assert!(words.starts_with("Acme may count which of its mails I open"), "{words}");
    }
}
