use campaigns::Reader;
use domain::{MailKind, SubscriberId};
use links::Links;
use testkit::{TestDb, both};

use crate::setting::{Setting, now, staff};

fn links() -> Links {
    Links::new(&testkit::keys())
}

both!(
    async fn a_test_mail_names_nobody_and_changes_nothing(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let campaign = setting.campaign(db).await;
        let boss: domain::EmailAddress = "boss@acme.example".parse().unwrap();
        let key = campaigns::test_mail(db, campaign.id, boss.clone(), &staff(), now()).await.unwrap();

        let delivery = outbox::find(db.reader(), key).await.unwrap().unwrap();
        assert_eq!((delivery.subscriber, delivery.recipient), (None, Some(boss)));
        let mailing = outbox::mailing::find(db.reader(), key.mailing).await.unwrap().unwrap();
        assert_eq!((mailing.kind, mailing.campaign), (MailKind::Test, None));

        let after = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap();
        assert_eq!(after.version, campaign.version, "nobody's edit is in conflict with a test mail");
        let letter = campaigns::letter(db.reader(), campaign.id).await.unwrap();
        let rendered = letter.render(&links(), Reader::Tester, renderer::Person::default()).unwrap();
        let token = rendered.text.split("/u/").nth(1).unwrap().split_whitespace().next().unwrap();
        assert_eq!(links().read_unsubscribe(token).unwrap().subscriber, SubscriberId::NOBODY);
    }
);

both!(
    async fn the_page_in_the_browser_holds_nothing_personal(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let campaign = setting.campaign(db).await;
        campaigns::test_mail(db, campaign.id, "boss@acme.example".parse().unwrap(), &staff(), now()).await.unwrap();
        let mailing = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap().mailing.unwrap();
        let page = campaigns::view(db.reader(), mailing).await.unwrap().unwrap();
        assert!(page.html.contains("Hello there!"), "{}", page.html);
        assert!(!page.html.contains("/u/") && !page.html.contains("/p/"), "{}", page.html);

        let stream = outbox::mailing::stream(db.writer(), setting.brand, MailKind::Test, now()).await.unwrap();
        assert!(campaigns::view(db.reader(), stream).await.unwrap().is_none());
    }
);

both!(
    async fn a_preview_reads_as_the_subscribers_mail_and_acts_for_nobody(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let campaign = setting.campaign(db).await;
        let person = setting.people(db, 1).await[0];
        let preview = campaigns::preview(db.reader(), &links(), campaign.id, Some(person)).await.unwrap();
        assert_eq!(preview.subject, "Spring for Ada0");
        assert!(preview.text.contains("signed up for Offers"), "{}", preview.text);
        let token = preview.text.split("/u/").nth(1).unwrap().split_whitespace().next().unwrap();
        assert_eq!(links().read_unsubscribe(token).unwrap().subscriber, SubscriberId::NOBODY);

        assert!(!preview.text.contains("/v/") && !preview.html.contains("/v/"), "it has no page to be viewed on yet");
        let anybody = campaigns::preview(db.reader(), &links(), campaign.id, None).await.unwrap();
        assert_eq!(anybody.subject, "Spring for you");
    }
);

both!(
    async fn what_was_scheduled_goes_out_whatever_becomes_of_the_brand(db: TestDb) {
        let db = db.database();
        let setting = Setting::lay(db).await;
        let campaign = setting.scheduled(db).await;
        let brand = brands::find(db.reader(), setting.brand).await.unwrap().unwrap();
        let version = brand.version;
        let moved = brands::Draft { postal_address: "2 Low Street\nLeeds".to_owned(), ..brand.into() };
        brands::update(db.writer(), setting.brand, version, moved, &staff(), now()).await.unwrap();
        let letter = campaigns::letter(db.reader(), campaign.id).await.unwrap();
        let rendered = letter.render(&links(), Reader::Tester, renderer::Person::default()).unwrap();
        assert!(rendered.text.contains("High Street") && !rendered.text.contains("Low Street"), "{}", rendered.text);
    }
);
