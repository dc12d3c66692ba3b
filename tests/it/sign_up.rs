//! From the form to the first mail.

use std::time::Duration;

use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Staff, mail_to, mails_to, sign_up, subscribe, wait_until};

both!(
    async fn a_sign_up_becomes_a_confirmed_subscriber_with_a_welcome_mail(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;

        let answer = sign_up(&eshot, "ada@example.com", &["Offers", "Events"]).await;
        assert_eq!(answer.status(), 200);
        let letter = mail_to(&sink, "ada@example.com", 1).await;
        let link = letter.link("/confirm/");

        let page = eshot.get(&link).await;
        assert_eq!(page.status(), 200);
        assert_eq!(
            staff.standing("ada@example.com").await,
            ["offers pending", "events pending"],
            "looking is not confirming"
        );

        assert_eq!(eshot.post(&link, &[]).await.status(), 200);
        assert_eq!(staff.standing("ada@example.com").await, ["offers confirmed", "events confirmed"]);
        let again = eshot.post(&link, &[]).await;
        assert_eq!(again.status(), 200, "a link used twice says that it was used");
        let welcome = mail_to(&sink, "ada@example.com", 2).await;
        assert!(!welcome.text.contains("/confirm/"), "{}", welcome.text);
        assert_eq!(mails_to(&sink, "ada@example.com").len(), 2, "one welcome, not two");
    }
);

both!(
    async fn a_known_address_gets_the_same_answer_as_an_unknown_one(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        subscribe(&eshot, &sink, "known@example.com", &["Offers"]).await;

        let known = sign_up(&eshot, "known@example.com", &["Offers"]).await.text().await.unwrap();
        let unknown = sign_up(&eshot, "other@example.com", &["Offers"]).await.text().await.unwrap();
        assert_eq!(known.replace("known@", "x@"), unknown.replace("other@", "x@"));
    }
);

both!(
    async fn a_reminder_comes_after_a_day_and_the_link_expires_after_a_week(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        sign_up(&eshot, "late@example.com", &["Offers"]).await;
        let first = mail_to(&sink, "late@example.com", 1).await;

        eshot.advance(Duration::from_secs(25 * 3600));
        let reminder = mail_to(&sink, "late@example.com", 2).await;
        assert_eq!(reminder.link("/confirm/"), first.link("/confirm/"), "the reminder asks the same question");

        eshot.advance(Duration::from_secs(7 * 24 * 3600));
        wait_until("the request to expire", async || staff.standing("late@example.com").await == ["offers expired"])
            .await;
        eshot.post(&first.link("/confirm/"), &[]).await;
        assert_eq!(staff.standing("late@example.com").await, ["offers expired"]);
    }
);

both!(
    async fn two_people_confirm_at_once_and_both_are_confirmed(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        sign_up(&eshot, "one@example.com", &["Offers"]).await;
        sign_up(&eshot, "two@example.com", &["Offers"]).await;
        let one = mail_to(&sink, "one@example.com", 1).await.link("/confirm/");
        let two = mail_to(&sink, "two@example.com", 1).await.link("/confirm/");

        let answers =
            tokio::join!(eshot.post(&one, &[]), eshot.post(&two, &[]), eshot.post(&one, &[]), eshot.post(&two, &[]));
        for answer in [answers.0, answers.1, answers.2, answers.3] {
            assert_eq!(answer.status(), 200);
        }
        assert_eq!(staff.standing("one@example.com").await, ["offers confirmed"]);
        assert_eq!(staff.standing("two@example.com").await, ["offers confirmed"]);
        assert!(eshot.installation().run(&["consent", "verify"]).contains("whole"));
    }
);
