//! Alerts on both databases.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

use activity::Kind;
use alerts::{Alarm, Alert, Subject};
use brands::Brand;
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use domain::{Actor, CampaignId, MailKind, MailboxProvider};
use limits::{Cause, Level, Share};
use testkit::{TestDb, both, start_of_time};

fn after(seconds: i64) -> DateTime<Utc> {
    start_of_time() + TimeDelta::seconds(seconds)
}

async fn brand(db: &Database, slug: &str, alerts_address: Option<&str>) -> Brand {
    let (from, base_url) = ("news@example.com".parse().unwrap(), "https://news.example.com".parse().unwrap());
    let draft = brands::Draft::new(slug, "Acme", from, "1 High Street", base_url);
    let alerts_address = alerts_address.map(|address| address.parse().unwrap());
    brands::create(db.writer(), brands::Draft { alerts_address, ..draft }, &Actor::Operator, after(0)).await.unwrap()
}

fn bounces(brand: &Brand, level: Level) -> Alarm {
    let campaign = CampaignId::from_bytes([7; 16]);
    let subject = Subject::Campaign { brand: brand.id, campaign };
    Alarm { subject, cause: Cause::HardBounces, level, share: Some(Share { count: 12, of: 200 }), words: String::new() }
}

async fn raise(db: &Database, alarm: Alarm, at: DateTime<Utc>) -> Option<Alert> {
    let txn = db.begin().await.unwrap();
    let alert = alerts::raise(&txn, alarm, at).await.unwrap();
    txn.commit().await.unwrap();
    alert
}

/// To whom alerts of this brand were mailed.
async fn mailed(db: &Database, brand: &Brand) -> Vec<String> {
    let stream = outbox::mailing::stream(db.writer(), brand.id, MailKind::Alert, after(0)).await.unwrap();
    let mails = outbox::list(db.reader(), stream, None, None, 100).await.unwrap();
    mails.into_iter().map(|mail| mail.recipient.unwrap().to_string()).collect()
}

async fn standing(db: &Database) -> Vec<Alert> {
    alerts::list(db.reader(), false, None, 100).await.unwrap()
}

both! {
    async fn a_cause_is_told_once_while_it_lasts_and_again_when_it_comes_back(db: TestDb) {
        let db = db.database();
        let brand = brand(db, "acme", Some("staff@example.net")).await;
        let alert = raise(db, bounces(&brand, Level::Warning), after(0)).await.unwrap();
        assert_eq!(raise(db, bounces(&brand, Level::Warning), after(60)).await, None);
        assert_eq!(standing(db).await, std::slice::from_ref(&alert));
        assert_eq!(mailed(db, &brand).await, ["staff@example.net"]);

        // Worse is news.
        assert!(raise(db, bounces(&brand, Level::Pause), after(90)).await.is_some());
        assert_eq!(mailed(db, &brand).await.len(), 2);

        assert_eq!(alerts::end(db.writer(), &alert.alarm.subject, after(100)).await.unwrap(), 2);
        assert_eq!(standing(db).await, []);
        assert!(raise(db, bounces(&brand, Level::Warning), after(120)).await.is_some());
        assert_eq!(mailed(db, &brand).await.len(), 3);
        assert_eq!(alerts::list(db.reader(), true, None, 100).await.unwrap().len(), 3);
    }
}

both! {
    async fn what_is_acknowledged_is_shown_no_more_and_not_raised_again_while_it_lasts(db: TestDb) {
        let db = db.database();
        let brand = brand(db, "acme", None).await;
        let alert = raise(db, bounces(&brand, Level::Pause), after(0)).await.unwrap();
        assert!(mailed(db, &brand).await.is_empty(), "nobody said where to");
        let known = alerts::acknowledge(db.writer(), alert.id, &Actor::Operator, after(5)).await.unwrap();
        assert_eq!((known.acknowledged_at, known.acknowledged_by.clone()), (Some(after(5)), Some(Actor::Operator)));
        assert_eq!(alerts::acknowledge(db.writer(), alert.id, &Actor::System, after(9)).await.unwrap(), known);
        assert_eq!(standing(db).await, []);
        assert_eq!(raise(db, bounces(&brand, Level::Pause), after(60)).await, None);
        let unknown = domain::AlertId::new(after(0));
        let refused = alerts::acknowledge(db.writer(), unknown, &Actor::Operator, after(0)).await;
        assert!(matches!(refused, Err(alerts::Error::NotFound(id)) if id == unknown));
    }
}

both! {
    async fn what_concerns_a_provider_is_told_to_the_staff_of_every_brand_and_to_nobody_twice(db: TestDb) {
        let db = db.database();
        let (one, two) = (brand(db, "one", Some("staff@example.net")).await, brand(db, "two", Some("staff@example.net")).await);
        let three = brand(db, "three", Some("boss@example.org")).await;
        let (gmail, yahoo): (MailboxProvider, MailboxProvider) = ("gmail".parse().unwrap(), "yahoo".parse().unwrap());
        let refused = |provider: &MailboxProvider| Alarm {
            subject: Subject::Provider(provider.clone()),
            cause: Cause::Refusals,
            level: Level::Pause,
            share: None,
            words: "unsolicited".to_owned(),
        };
        raise(db, refused(&gmail), after(0)).await.unwrap();
        let mut told = [mailed(db, &one).await, mailed(db, &two).await, mailed(db, &three).await].concat();
        told.sort_unstable();
        assert_eq!(told, ["boss@example.org", "staff@example.net"]);

        raise(db, refused(&yahoo), after(1)).await.unwrap();
        assert_eq!(alerts::end_all_providers_but(db.writer(), std::slice::from_ref(&yahoo), after(2)).await.unwrap(), 1);
        let [left] = &standing(db).await[..] else { panic!("one is left") };
        assert_eq!(left.alarm, refused(&yahoo));
    }
}

both! {
    async fn another_program_can_follow_what_was_raised(db: TestDb) {
        let db = db.database();
        let brand = brand(db, "acme", None).await;
        let alert = raise(db, bounces(&brand, Level::Pause), after(0)).await.unwrap();
        // On PostgreSQL a transaction of another test may still stand before it.
        let facts = loop {
            let facts = activity::read(db.reader(), "events", 10).await.unwrap();
            if !facts.is_empty() {
                break facts;
            }
            tokio::task::yield_now().await;
        };
        let (_, fact) = &facts[0];
        assert_eq!((fact.kind, fact.brand, fact.subscriber), (Kind::Alerted, brand.id, None));
        let detail = fact.detail.as_ref().unwrap();
        assert_eq!(detail["alert"], serde_json::json!(alert.id));
        assert_eq!((&detail["cause"], &detail["count"], &detail["of"]), (&"hard_bounces".into(), &12.into(), &200.into()));
    }
}
