use std::sync::Arc;
use std::time::Duration;

use database::lease::{self, BeginError};
use database::sql;
use domain::{Actor, DeliveryKey, EmailAddress, InstanceId, Locale, MailKind, Ordinal, SubscriberId};
use feedback::{Filter, Incoming};
use links::{Links, Site};
use sea_orm::TransactionTrait;
use subscribers::opt_in::{self, Request};
use subscribers::{Evidence, Profile, seed};
use testkit::{ManualClock, TestDb, both};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::config::{self, BaseUrl, Sources};
use crate::context::Context;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn shared(db: &TestDb, clock: Arc<ManualClock>) -> Shared {
    let sources = Sources { file: None, variables: Vec::new(), base_url: BaseUrl::Https };
    let context = Context::new(config::load(&sources).unwrap(), clock, BaseUrl::Https);
    Shared {
        instance: InstanceId::new(context.now()),
        stop: CancellationToken::new(),
        context: Arc::new(context),
        db: db.database().clone(),
        keys: testkit::keys(),
    }
}

async fn held(shared: &Shared) -> Lease {
    let (holder, now) = (shared.instance.uuid(), shared.context.now());
    lease::acquire(&shared.db, "scheduler", holder, DAY, now).await.unwrap().unwrap()
}

async fn round(retention: &mut Retention, shared: &Shared) {
    retention.round(shared, &held(shared).await).await;
}

/// A person asks, and postmaster gets a letter.
async fn furnish(shared: &Shared) {
    let (db, now) = (&shared.db, shared.context.now());
    let txn = db.begin().await.unwrap();
    let brand = brands::create(&txn, brand(), &Actor::Operator, now).await.unwrap().id;
    seed::first_brand(&txn, brand, &Actor::Operator, now).await.unwrap();
    txn.commit().await.unwrap();
    ask(shared).await;
    let to = ["postmaster@bounce.acme.example".parse().unwrap()];
    receive(shared, &to).await;
}

async fn receive(shared: &Shared, to: &[EmailAddress]) {
    let letter = Incoming { source: "test", from: "a@b.example", to, raw: b"Subject: hello\r\n\r\nhello\r\n" };
    feedback::process(&shared.db, &Links::new(&shared.keys), letter, shared.context.now()).await.unwrap();
}

/// The person has an answer to the mail that asked them, and stands in the audit log.
async fn traced(shared: &Shared) -> SubscriberId {
    furnish(shared).await;
    let (db, now) = (&shared.db, shared.context.now());
    let ada = subscribers::list(db.reader(), &subscribers::Filter::default(), None, 1).await.unwrap().remove(0).id;
    let object = format!("subscriber:{ada}");
    accounts::audit::record(db.writer(), &Actor::Operator, "subscriber.update", &object, None, now).await.unwrap();
    let brand = brands::list(db.reader()).await.unwrap().remove(0);
    let mailing = outbox::mailing::stream(db.writer(), brand.id, MailKind::Confirmation, now).await.unwrap();
    let site = Site::new(brand.base_url, &brand.bounce_domain).unwrap();
    let path = Links::new(&shared.keys).return_path(&site, DeliveryKey::new(mailing, Ordinal(1))).unwrap();
    receive(shared, &[path]).await;
    assert_eq!(traces(shared, ada).await, (1, 1));
    ada
}

/// How many entries of the audit log, and how many kept mails, are about the person.
async fn traces(shared: &Shared, who: SubscriberId) -> (usize, usize) {
    let conn = shared.db.reader();
    let entries = accounts::audit::list(conn, Some(&format!("subscriber:{who}")), None, 9).await.unwrap();
    let about = Filter { subscriber: Some(who), ..Filter::default() };
    (entries.len(), feedback::list(conn, about, None, 9).await.unwrap().len())
}

/// So much later that who has not confirmed is due.
async fn let_it_be(shared: &Shared, clock: &ManualClock) -> DateTime<Utc> {
    clock.advance(DAY * 38);
    let now = shared.context.now();
    opt_in::expire_due(&shared.db, &held(shared).await, 99, now).await.unwrap();
    now - DAY * 30
}

async fn ask(shared: &Shared) {
    ask_as(shared, "ada@example.com").await;
}

async fn ask_as(shared: &Shared, address: &str) {
    let db = &shared.db;
    let form = subscribers::form::list(db.reader(), None).await.unwrap().remove(0);
    let request = Request {
        form_version: form.current.id,
        email: address.parse().unwrap(),
        profile: Profile { name: Some("Ada".to_owned()), ..Profile::default() },
        topics: form.current.definition.topics[..1].to_vec(),
        locale: Locale::En,
        evidence: Evidence::none(),
    };
    opt_in::request(db, &shared.keys, request, shared.context.now()).await.unwrap();
}

/// The report of a bounce was here just now.
async fn reported(shared: &Shared) {
    let insert = "INSERT INTO report_digests (mailing_no, ordinal, digest, seen_at) VALUES (1, 1, $1, $2)";
    let values = [vec![1_u8].into(), shared.context.now().into()];
    sql::execute(shared.db.writer(), insert, values).await.unwrap();
}

async fn rows(shared: &Shared, table: &str) -> i64 {
    let counted = sql::row(shared.db.reader(), &format!("SELECT COUNT(*) FROM {table}"), []).await.unwrap();
    counted.unwrap().try_get_by_index(0).unwrap()
}

/// Whether the address lies on the disk of an SQLite database: in its file, or in the journal beside it.
fn is_on_disk(db: &TestDb, address: &str) -> bool {
    let file = db.database().file().unwrap().display().to_string();
    [format!("{file}-wal"), file].iter().any(|path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(address.len()).any(|window| window == address.as_bytes())
    })
}

fn brand() -> brands::Draft {
    let (from, base_url) = ("news@acme.example".parse().unwrap(), "https://news.acme.example".parse().unwrap());
    brands::Draft::new("acme", "Acme", from, "1 High Street", base_url)
}

async fn on_file(shared: &Shared) -> (usize, usize) {
    let people = subscribers::list(shared.db.reader(), &subscribers::Filter::default(), None, 9).await.unwrap();
    let mails = feedback::list(shared.db.reader(), Filter::default(), None, 9).await.unwrap();
    (people.len(), mails.len())
}

both!(
    async fn what_is_over_is_removed_within_the_hour_and_nothing_sooner(db: TestDb) {
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let (shared, mut retention) = (shared(&db, clock.clone()), Retention::default());
        furnish(&shared).await;
        // The form gives seven days to confirm, and the default is to keep people for thirty more.
        clock.advance(DAY * 37 - Duration::from_secs(1));
        opt_in::expire_due(&shared.db, &held(&shared).await, 9, shared.context.now()).await.unwrap();
        round(&mut retention, &shared).await;
        assert_eq!(on_file(&shared).await, (1, 1));
        clock.advance(Duration::from_secs(60));
        round(&mut retention, &shared).await;
        assert_eq!(on_file(&shared).await, (1, 1), "it is looked for once an hour");
        clock.advance(Duration::from_secs(60 * 60));
        round(&mut retention, &shared).await;
        assert_eq!(on_file(&shared).await, (0, 1));
        clock.advance(DAY * 53);
        round(&mut retention, &shared).await;
        assert_eq!(on_file(&shared).await, (0, 0));
    }
);

both!(
    async fn what_is_kept_beside_goes_with_who_never_confirmed(db: TestDb) {
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let shared = shared(&db, clock.clone());
        let ada = traced(&shared).await;
        let_it_be(&shared, &clock).await;
        round(&mut Retention::default(), &shared).await;
        assert_eq!(on_file(&shared).await, (0, 2));
        assert_eq!(traces(&shared, ada).await, (0, 0));
        let log = accounts::audit::list(db.database().reader(), Some("subscriber"), None, 9).await.unwrap();
        assert_eq!(log.iter().map(|entry| entry.act.as_str()).collect::<Vec<_>>(), ["subscriber.update"]);
    }
);

both!(
    async fn who_asks_again_at_the_last_moment_keeps_their_traces(db: TestDb) {
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let shared = shared(&db, clock.clone());
        let ada = traced(&shared).await;
        let before = let_it_be(&shared, &clock).await;
        assert_eq!(subscribers::unconfirmed::due(shared.db.reader(), before, None, 9).await.unwrap(), [ada]);
        ask(&shared).await;
        let now = shared.context.now();
        assert!(!unconfirmed::forget(&shared.db, &held(&shared).await, ada, before, now).await.unwrap());
        assert_eq!(traces(&shared, ada).await, (1, 1));
    }
);

both!(
    async fn a_scheduler_that_was_frozen_forgets_nobody_and_no_trace(db: TestDb) {
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let shared = shared(&db, clock.clone());
        let ada = traced(&shared).await;
        let before = let_it_be(&shared, &clock).await;
        let frozen = held(&shared).await;
        let lost = unconfirmed::forget(&shared.db, &frozen, ada, before, frozen.expires_at).await.unwrap_err();
        assert!(matches!(lost, subscribers::Error::Lease(BeginError::Lost(_))), "{lost}");
        assert_eq!((on_file(&shared).await, traces(&shared, ada).await), ((1, 2), (1, 1)));
    }
);

both!(
    async fn whoever_cannot_be_read_keeps_nobody_else_on_file(db: TestDb) {
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let (shared, mut retention) = (shared(&db, clock.clone()), Retention::default());
        furnish(&shared).await;
        for n in 0..30 {
            ask_as(&shared, &format!("person.{n}@example.com")).await;
        }
        let_it_be(&shared, &clock).await;
        // The one whose turn is first.
        let first = "id = (SELECT id FROM subscribers ORDER BY id LIMIT 1)";
        let write = async |email: &str| {
            let update = format!("UPDATE subscribers SET email = '{email}' WHERE {first}");
            sql::execute(shared.db.writer(), &update, []).await.unwrap();
        };
        write("no address").await;
        round(&mut retention, &shared).await;
        assert_eq!(rows(&shared, "subscribers").await, 1);
        assert!(retention.clean_at.is_some(), "it is not tried again and again");
        // Their turn comes again.
        write("ada@example.com").await;
        clock.advance(Duration::from_secs(60 * 60));
        round(&mut retention, &shared).await;
        assert_eq!(rows(&shared, "subscribers").await, 0);
    }
);

#[tokio::test]
async fn who_was_forgotten_is_neither_in_sqlites_file_nor_in_its_journal() {
    let db = TestDb::sqlite().await;
    let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
    let shared = shared(&db, clock.clone());
    furnish(&shared).await;
    let_it_be(&shared, &clock).await;
    assert!(is_on_disk(&db, "ada@example.com"));
    round(&mut Retention::default(), &shared).await;
    assert_eq!(on_file(&shared).await, (0, 1));
    assert!(!is_on_disk(&db, "ada@example.com"));
}

#[tokio::test]
async fn what_a_reader_keeps_in_sqlites_journal_goes_at_the_next_round() {
    let db = TestDb::sqlite().await;
    let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
    let (shared, mut retention) = (shared(&db, clock.clone()), Retention::default());
    furnish(&shared).await;
    let_it_be(&shared, &clock).await;
    let dump = shared.db.reader().begin().await.unwrap();
    sql::row(&dump, "SELECT COUNT(*) FROM subscribers", []).await.unwrap();
    round(&mut retention, &shared).await;
    assert_eq!(on_file(&shared).await, (0, 1));
    assert!(is_on_disk(&db, "ada@example.com"), "a dump keeps it");
    dump.rollback().await.unwrap();
    round(&mut retention, &shared).await;
    assert!(!is_on_disk(&db, "ada@example.com"));
}

both!(
    async fn a_report_is_forgotten_after_thirty_days(db: TestDb) {
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let (shared, mut retention) = (shared(&db, clock.clone()), Retention::default());
        reported(&shared).await;
        clock.advance(DAY * 30);
        round(&mut retention, &shared).await;
        assert_eq!(rows(&shared, "report_digests").await, 1);
        clock.advance(Duration::from_secs(60 * 60));
        round(&mut retention, &shared).await;
        assert_eq!(rows(&shared, "report_digests").await, 0);
    }
);
