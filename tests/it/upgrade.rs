//! A database that an earlier version has left is taken on with everything in it; one of a later version is left alone.
//!
//! The fixtures are those of `script/fixture`, made by `examples/fixture`.

mod steps;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use accounts::{Scope, token};
use brands::key::{self, Algorithm};
use campaigns::{CampaignStatus, Reader};
use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, InstanceId, Locale, OptInId, TopicId};
use links::Links;
use migrations::{MigrateError, Standing};
use outbox::{Answer, Claim, Outcome, Phase};
use sea_orm::{ConnectionTrait, QueryResult, Statement};
use subscribers::import::{self, List, Row, Skipped};
use subscribers::opt_in::{self, Confirmation};
use subscribers::suppression::Reason;
use subscribers::{Basis, Evidence, consent};
use testkit::{TestDb, both, keys, start_of_time};
use tests::{Installation, free_address};

/// Who may get product news when the story of the first schema ends: thirty came by lists; one of them was erased, one
/// takes a rest, and six are suppressed.
const READERS: u64 = 22;

#[tokio::test]
async fn an_sqlite_database_of_the_first_schema_is_taken_on_whole() {
    taken_on_whole(&TestDb::sqlite_from(&fixture("first-schema.db")).await, "sqlite").await;
}

#[tokio::test]
async fn a_postgresql_database_of_the_first_schema_is_taken_on_whole() {
    let dump = fs::read_to_string(fixture("first-schema.sql")).unwrap();
    match TestDb::postgres_from(&dump).await {
        Some(db) => taken_on_whole(&db, "postgres").await,
        None => eprintln!("skipped: ESHOT_TEST_POSTGRES names no server"),
    }
}

async fn taken_on_whole(test: &TestDb, section: &str) {
    let db = test.database();
    leave_open_requests(db).await;
    steps::leave_attempts(db).await;
    migrations::run(db).await.unwrap();
    assert_eq!(migrations::check(db).await.unwrap(), Standing::Current);
    // As `eshot serve` does when it starts: the dump comes from another server.
    activity::adopt(db).await.unwrap();
    let notes: toml::Table = fs::read_to_string(fixture("first-schema.toml")).unwrap().parse().unwrap();
    let notes = notes[section].as_table().unwrap();
    a_domain_that_a_server_missed_is_looked_up(db).await;
    whose_provider_is_not_known_is_looked_up(db).await;
    open_requests_are_looked_at_once(db).await;
    steps::what_no_relay_was_offered_is_no_try(db).await;
    steps::what_holds_providers_back_stands(db).await;
    every_row_is_there(db, &notes["rows"]).await;
    a_pause_stands_although_nobody_knows_whose_it_was(db).await;
    facts_are_read_on(db, notes["rows"]["facts"].as_integer().unwrap()).await;
    the_ledger_holds(db, notes["anchor"].as_str().unwrap()).await;
    the_token_is_known(db, notes["token"].as_str().unwrap()).await;
    secrets_open(db).await;
    suppressions_match(db).await;
    a_waiting_request_can_be_confirmed(db).await;
    sending_goes_on(db).await;
    what_was_scheduled_is_launched(db).await;
    steps::rounds_are_sealed_from_now_on(db).await;
    steps::old_reports_are_forgotten(db).await;
}

/// Open requests as earlier versions could have left them, beside the story's, which has had its question: with a question
/// that had to wait for its day, and with a reminder. By their numbers, when they were asked, mailed and reminded.
const REQUESTS: [(u8, i64, Option<i64>, Option<i64>); 2] = [(1, 3, None, None), (2, 2, Some(2), Some(3))];

async fn leave_open_requests(db: &Database) {
    for (id, requested, mailed, reminded) in REQUESTS {
        let sql = "INSERT INTO opt_ins (id, subscriber_id, brand_id, state, requested_at, expires_at, mailed_at, reminded_at) \
                   SELECT $1, subscriber_id, brand_id, 'pending', $2, expires_at, $3, $4 \
                   FROM opt_ins WHERE state = 'confirmed'";
        let values = [request(id).into(), day(requested).into(), mailed.map(day).into(), reminded.map(day).into()];
        let statement = Statement::from_sql_and_values(db.backend(), sql, values);
        assert_eq!(db.writer().execute_raw(statement).await.unwrap().rows_affected(), 1);
    }
}

/// The story's request since it had its question, and one that waits for it; who was reminded, has answered or was too late
/// gets nothing more.
async fn open_requests_are_looked_at_once(db: &Database) {
    let due = "SELECT due_at FROM opt_ins WHERE due_at IS NOT NULL ORDER BY due_at";
    assert_eq!(times(db, due).await, [day(3), day(15)]);
    for (id, ..) in REQUESTS {
        let statement =
            Statement::from_sql_and_values(db.backend(), "DELETE FROM opt_ins WHERE id = $1", [request(id).into()]);
        db.writer().execute_raw(statement).await.unwrap();
    }
}

/// What was noted by a mail server's word alone is no proof that a domain is gone, and is looked up.
async fn a_domain_that_a_server_missed_is_looked_up(db: &Database) {
    let look = "SELECT domain_look_at FROM subscribers WHERE domain_look_at IS NOT NULL";
    assert_eq!(times(db, look).await, [day(1)]);
    let gone = "SELECT domain_gone_at FROM subscribers WHERE domain_gone_at IS NOT NULL";
    assert!(times(db, gone).await.is_empty());
}

/// Nobody has asked yet who keeps the mailboxes of a domain that is in no table.
async fn whose_provider_is_not_known_is_looked_up(db: &Database) {
    let waiting = "SELECT COUNT(*) FROM subscribers WHERE (provider = 'other') <> (provider_look_at IS NOT NULL)";
    let all = "SELECT COUNT(*) FROM subscribers WHERE provider_look_at IS NOT NULL";
    let later = "SELECT COUNT(*) FROM subscribers WHERE provider_look_at <> created_at";
    let count = async |sql| one(db, sql).await.try_get_by_index::<i64>(0).unwrap();
    assert_eq!((count(waiting).await, count(all).await > 0, count(later).await), (0, true, 0));
}

async fn every_row_is_there(db: &Database, tables: &toml::Value) {
    for (table, rows) in tables.as_table().unwrap().iter().filter(|(table, _)| *table != "seaql_migrations") {
        let found: i64 = one(db, &format!("SELECT COUNT(*) FROM {table}")).await.try_get_by_index(0).unwrap();
        assert_eq!(found, rows.as_integer().unwrap(), "{table}");
    }
}

/// The story's one pause is older than what keeps the actor of one.
async fn a_pause_stands_although_nobody_knows_whose_it_was(db: &Database) {
    let row = one(db, "SELECT subscriber_id FROM pauses").await;
    let who = row.try_get_by_index(0).unwrap();
    let pauses = subscribers::export(db.reader(), who, end()).await.unwrap().unwrap().pauses;
    let [pause] = pauses.as_slice() else { panic!("{pauses:?}") };
    assert_eq!((pause.until, pause.set_at, &pause.set_by), (day(60), None, &None));
    assert_eq!((pause.ended_at, &pause.ended_by), (None, &None));
}

/// A reader that had come past the first goes on with the second, as soon as no transaction of another test stands before it.
async fn facts_are_read_on(db: &Database, facts: i64) {
    let expected = usize::try_from(facts).unwrap() - 1;
    while activity::read(db.reader(), "report", 100).await.unwrap().len() < expected {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(activity::read(db.reader(), "report", 100).await.unwrap().len(), expected);
}

async fn the_ledger_holds(db: &Database, anchor: &str) {
    let found = consent::verify(db.reader(), &keys(), Some(anchor.parse().unwrap())).await.unwrap();
    assert_eq!(found.problems, []);
    assert!(found.sealed > 100 && found.unsealed == 1 && found.erased > 0, "{found:?}");
}

async fn the_token_is_known(db: &Database, text: &str) {
    let caller = token::authenticate(db, text, end()).await.unwrap();
    assert!(caller.may(Scope::CampaignsSend));
}

async fn secrets_open(db: &Database) {
    let signing = key::active(db.reader(), &keys(), "example.com").await.unwrap();
    assert_eq!(signing.iter().map(|key| key.info.algorithm).collect::<Vec<_>>(), Algorithm::ALL);
}

/// Neither generation of hashes is lost on the way.
async fn suppressions_match(db: &Database) {
    let barred = [
        ("left.by.letter@example.org", Reason::Manual),
        ("old.list@example.org", Reason::Imported),
        ("person.15@example.org", Reason::Erased),
        ("person.20@gmail.com", Reason::Hard),
        ("person.21@outlook.com", Reason::DomainGone),
        ("person.22@yahoo.com", Reason::Soft),
        ("person.23@example.org", Reason::Complaint),
    ];
    let list = List {
        topics: vec![product_news(db).await],
        basis: Basis::Consent,
        stated: "a list".to_owned(),
        until: None,
        locale: Locale::En,
    };
    let rows =
        barred.iter().zip(1..).map(|((email, _), line)| Row { line, email: (*email).to_owned(), ..Row::default() });
    let report = import::run(db, &keys(), &list, rows, &Actor::Operator, end()).await.unwrap();
    let found: Vec<_> = report.skipped.into_iter().map(|(_, why)| why).collect();
    assert_eq!(found, barred.map(|(_, reason)| Skipped::Suppressed(reason)));
}

async fn a_waiting_request_can_be_confirmed(db: &Database) {
    let row = one(db, "SELECT id FROM opt_ins WHERE state = 'pending'").await;
    let request: OptInId = row.try_get_by_index(0).unwrap();
    let confirmed = opt_in::confirm(db, request, &Evidence::none(), end()).await.unwrap();
    assert!(matches!(&confirmed, Some(Confirmation::Confirmed(topics)) if topics.len() == 2), "{confirmed:?}");
}

/// What a worker had in its hands is found, the rest is claimed, and the campaign comes to its end.
async fn sending_goes_on(db: &Database) {
    let sending = campaigns::Filter { brand: None, status: Some(CampaignStatus::Sending) };
    let campaign = campaigns::list(db.reader(), &sending, None, 10).await.unwrap().remove(0);
    let mailing = campaign.mailing.unwrap();
    let before = outbox::counts(db.reader(), mailing).await.unwrap();
    assert!(before.queued > 0 && before.submitting == 2 && before.deferred == 2 && before.in_doubt == 1, "{before:?}");

    let letter = campaigns::letter(db.reader(), campaign.id).await.unwrap();
    let anybody = subscribers::list(db.reader(), &subscribers::Filter::default(), None, 1).await.unwrap().remove(0);
    let reader = Reader::Subscriber(anybody.id);
    let mail = letter.render(&Links::new(&keys()), reader, campaigns::person(&anybody.email, anybody.profile)).unwrap();
    assert!(mail.html.contains("https://news.example.com/u/"), "the frozen letter has its links");

    let me = InstanceId::new(end());
    assert_eq!(outbox::reap(db, me, end()).await.unwrap(), 2);
    let claim =
        Claim { holder: me, blocked: &[], resting: &[], urgent_only: false, limit: 100, ttl: Duration::from_secs(60) };
    while let Some(batch) = outbox::claim(db, &claim, end()).await.unwrap() {
        let claimed: Vec<_> = batch.deliveries.iter().map(|delivery| delivery.key).collect();
        let submitted = outbox::submit(db.writer(), &batch.lease, &claimed, end()).await.unwrap();
        assert_eq!(submitted.len(), claimed.len());
        let answers: Vec<_> = submitted.into_iter().map(sent).collect();
        outbox::record(db.writer(), me, &answers, end()).await.unwrap();
    }
    let after = outbox::counts(db.reader(), mailing).await.unwrap();
    assert_eq!((after.open(), after.in_doubt, after.audience()), (0, 3, before.audience()));
    assert_eq!(campaigns::finish_drained(db, &testkit::scheduler(db, end()).await, end()).await.unwrap(), 1);
}

async fn what_was_scheduled_is_launched(db: &Database) {
    let now = start_of_time() + chrono::Duration::days(20);
    let page = subscribers::Page { after: None, to: None, limit: 1_000, engaged_since: None };
    let audience = subscribers::audience(brand(db).await, product_news(db).await, page, now);
    let people = db.reader().query_all(&audience).await.unwrap();
    assert_eq!(people.len() as u64, READERS);
    let launch = campaigns::launch_due(db, &testkit::scheduler(db, now).await, now).await.unwrap();
    assert_eq!((launch.begun, launch.enqueued, launch.finished), (1, READERS, 1));
}

both!(
    async fn a_database_of_a_newer_program_is_left_alone(test: TestDb) {
        let db = test.database();
        let step = "m29990101_000001_later";
        let took = format!("INSERT INTO seaql_migrations (version, applied_at) VALUES ('{step}', 0)");
        db.writer().execute_unprepared(&took).await.unwrap();
        assert_eq!(migrations::check(db).await.unwrap(), Standing::Newer(vec![step.to_owned()]));
        let refused = migrations::run(db).await.unwrap_err();
        assert!(matches!(&refused, MigrateError::Newer(name) if name == step), "{refused}");

        let installation = Installation::new(test.url(), free_address(), "");
        for command in [&["serve"][..], &["migrate"], &["brand", "list"], &["check"]] {
            let output = ended(&installation, command);
            let said = words(&output);
            assert!(!output.status.success(), "{command:?}: {said}");
            assert!(said.contains("newer eshot") && said.contains(step), "{command:?}: {said}");
        }
        assert_eq!(migrations::check(db).await.unwrap(), Standing::Newer(vec![step.to_owned()]));
    }
);

both!(
    async fn a_database_that_is_behind_waits_for_the_operator_where_they_want_it(test: TestDb) {
        let db = test.database();
        // As if the program knew one step more than the database has taken.
        let forget = "DELETE FROM seaql_migrations WHERE version = (SELECT MAX(version) FROM seaql_migrations)";
        db.writer().execute_unprepared(forget).await.unwrap();
        let installation = Installation::new(test.url(), free_address(), "database.migrate = false");
        for command in [&["serve"][..], &["brand", "list"]] {
            let output = ended(&installation, command);
            let said = words(&output);
            assert!(!output.status.success() && said.contains("run `eshot migrate`"), "{command:?}: {said}");
        }
        assert_eq!(migrations::check(db).await.unwrap(), Standing::Behind(1));
    }
);

/// A command that is to end by itself; one that serves instead is ended.
fn ended(installation: &Installation, arguments: &[&str]) -> Output {
    let mut command = installation.command(arguments);
    let mut child = command
        .env("ESHOT_HTTP__LISTEN", free_address().to_string())
        .env("ESHOT_FEEDBACK__LISTEN", free_address().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > Duration::from_secs(30) {
            child.kill().unwrap();
            panic!("eshot {arguments:?} goes on: {}", words(&child.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A day after the story of the first schema ends.
fn end() -> DateTime<Utc> {
    start_of_time() + chrono::Duration::days(17)
}

fn sent(submitted: outbox::Submitted) -> Answer {
    Answer {
        key: submitted.key,
        attempt: submitted.attempt,
        outcome: Outcome::Sent,
        relay: "relay.example.com".to_owned(),
        phase: Phase::Dot,
        offered: true,
        reply: None,
        relay_message_id: None,
        class: None,
        rule: None,
        started_at: end(),
        answered_at: end(),
    }
}

async fn brand(db: &Database) -> domain::BrandId {
    brands::find_by_slug(db.reader(), "example").await.unwrap().unwrap().id
}

async fn product_news(db: &Database) -> TopicId {
    let topics = subscribers::topic::list(db.reader(), brand(db).await).await.unwrap();
    topics.iter().find(|topic| topic.slug == "product-news").unwrap().id
}

/// A day of the story, which begins at the start of time.
fn day(days: i64) -> DateTime<Utc> {
    start_of_time() + chrono::Duration::days(days)
}

fn request(number: u8) -> OptInId {
    format!("00000000-0000-0000-0000-{number:012}").parse().unwrap()
}

async fn times(db: &Database, sql: &str) -> Vec<DateTime<Utc>> {
    let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn one(db: &Database, sql: &str) -> QueryResult {
    db.reader().query_one_raw(Statement::from_string(db.backend(), sql)).await.unwrap().unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}
