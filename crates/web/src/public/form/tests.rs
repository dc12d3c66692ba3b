use axum::http::StatusCode;
use testkit::{TestDb, both};

use crate::testing::{FORM, House};

both! {
    async fn nothing_is_ticked_in_advance(db: TestDb) {
        let page = House::new(&db).await.get(FORM).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("checked"), "{}", page.body);
        for words in ["Offers", "Events", "Product news", "Postal address", "Phone", "Company"] {
            assert!(page.body.contains(words), "{words}");
        }
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(page.headers.get("set-cookie").is_none());
    }
}

both! {
    async fn known_and_unknown_addresses_get_the_same_answer(db: TestDb) {
        let house = House::new(&db).await;
        house.member("ada@example.com", &[0]).await;
        let known = house.sign_up("ada@example.com", &[0]).await;
        let unknown = house.sign_up("bob@example.com", &[0]).await;
        assert_eq!(known.status, unknown.status);
        assert_eq!(known.body.replace("ada@", "bob@"), unknown.body);
        assert!(unknown.body.contains("Check your inbox"));
    }
}

both! {
    async fn a_form_that_is_wrong_comes_back_with_what_was_written(db: TestDb) {
        let house = House::new(&db).await;
        let stamp = house.get(FORM).await.input("stamp").to_owned();
        house.pass(std::time::Duration::from_secs(20));
        let fields = [("email", "ada@"), ("name", ""), ("phone", "0\"><script>1"), ("stamp", &stamp)];
        let page = house.press(FORM, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        for words in [
            "value=\"ada@\"",
            "Please enter an email address",
            "aria-describedby=\"email-error\"",
            "aria-describedby=\"name-error\"",
            "Please choose at least one.",
            "Without your consent",
            "0&quot;&gt;&lt;script&gt;1",
        ] {
            assert!(page.body.contains(words), "{words} is not in {}", page.body);
        }
        let fields = [("email", "jörg@example.com"), ("stamp", &stamp)];
        let page = house.press(FORM, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.body.contains("We cannot send mail to this address"), "{}", page.body);
        assert_eq!(house.mails().await, []);
    }
}

both! {
    async fn a_robot_is_told_that_it_has_won(db: TestDb) {
        let house = House::new(&db).await;
        let page = house.press(FORM, &[("email", "bot@example.com"), ("website", "http://spam.example")]).await;
        assert!(page.body.contains("Check your inbox"));
        assert_eq!(house.mails().await, []);
        assert!(house.find("bot@example.com").await.is_none());
    }
}

both! {
    async fn a_form_that_comes_back_at_once_or_with_a_forged_stamp_is_shown_again(db: TestDb) {
        let house = House::new(&db).await;
        let stamp = house.get(FORM).await.input("stamp").to_owned();
        let (topic, consent) = (house.seeded.topics[0].id.to_string(), house.seeded.form.current.id.to_string());
        let post = async |stamp: &str| {
            let fields =
                [("email", "ada@example.com"), ("name", "Ada"), ("topic", &*topic), ("consent", &consent), ("stamp", stamp)];
            house.press(FORM, &fields).await
        };
        assert!(post(&stamp).await.body.contains("quicker than we can tell"));
        assert!(post("").await.body.contains("open for long"));
        house.pass(std::time::Duration::from_secs(5));
        assert!(post("1.1.aaaa").await.body.contains("open for long"));
        assert_eq!(house.mails().await, []);
        assert!(post(&stamp).await.body.contains("Check your inbox"));
        assert_eq!(house.mails().await.len(), 1);
    }
}

both! {
    async fn consent_to_other_words_is_none(db: TestDb) {
        let house = House::new(&db).await;
        let stamp = house.get(FORM).await.input("stamp").to_owned();
        house.pass(std::time::Duration::from_secs(20));
        let topic = house.seeded.topics[0].id.to_string();
        let fields = [("email", "ada@example.com"), ("name", "Ada"), ("topic", &*topic), ("consent", "yes"), ("stamp", &stamp)];
        let page = house.press(FORM, &fields).await;
        assert!(page.body.contains("These words have changed"));
        assert_eq!(house.mails().await, []);
    }
}

both! {
    async fn one_address_is_asked_only_so_often_and_nobody_sees_that(db: TestDb) {
        let house = House::new(&db).await;
        for _ in 0..7 {
            assert!(house.sign_up("ada@example.com", &[0]).await.body.contains("Check your inbox"));
        }
        assert_eq!(house.mails().await.len(), 1);
    }
}

both! {
    async fn a_body_over_the_limit_is_refused_with_a_page(db: TestDb) {
        let house = House::new(&db).await;
        let page = house.press(FORM, &[("email", &"x".repeat(20_000))]).await;
        assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(page.body.contains("That was too much"));
        assert_eq!(house.get("/forms/nothing").await.status, StatusCode::NOT_FOUND);
    }
}
