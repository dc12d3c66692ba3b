//! The database goes away, or its disk is full, and all is well again.

use std::time::{Duration, Instant};

use database::{Database, Settings};
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use serde_json::{Value, json};
use testkit::smtp::SmtpSink;
use tests::{Eshot, FORM, Letter, Postgres, SmallDisk, Staff, Stop, fill_in, give_back, mail_to, wait_until};

use crate::audit::{Audience, CONNECTIONS, SETTINGS, campaign, settled};

/// Longer than a caller waits for a connection to the database, with room for a slow machine.
const PROMPT: Duration = Duration::from_secs(9);

#[test]
fn while_postgresql_is_stopped_everybody_hears_so_and_afterwards_everything_goes() {
    testkit::run(without_postgresql(Stop::Fast));
}

#[test]
fn when_postgresql_breaks_off_everybody_hears_so_and_afterwards_everything_goes() {
    testkit::run(without_postgresql(Stop::Immediate));
}

async fn without_postgresql(how: Stop) {
    let server = match Postgres::start() {
        Ok(server) => server,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let sink = SmtpSink::start().await;
    let eshot = Eshot::start_at(&server.url(), sink.address(), SETTINGS);
    let id = campaign(&eshot, 400).await;
    let asked = Asked::of(&eshot).await;
    let letter = in_the_middle(&sink).await;
    let cut_off = cut_off(&eshot, &server, how).await;

    let begun = Instant::now();
    let ready = eshot.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().await.unwrap().contains("database"), "it says what is wrong");
    assert!(begun.elapsed() < Duration::from_secs(4), "whoever watches waits {:?}", begun.elapsed());
    assert_eq!(eshot.get("/healthz").await.status(), StatusCode::OK, "the process lives");
    everybody_hears_so(&eshot, &asked, &letter).await;
    let before = sink.count();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(sink.count(), before, "nothing goes that cannot be written down");

    server.start_again();
    wait_until("it to be ready", async || eshot.get("/readyz").await.status() == StatusCode::OK).await;
    all_is_well(&eshot, &sink, &id, &asked, &letter).await;
    nobody_is_locked_out(&eshot, &cut_off).await;
}

/// Stops PostgreSQL in the middle of a request with the key `cut-off`, and gives what was asked for.
async fn cut_off(eshot: &Eshot, server: &Postgres, how: Stop) -> Value {
    let topic = Staff::of(eshot).await.topic("offers").await;
    let person = json!({ "email": "dora@example.com", "topics": [topic], "basis": "consent", "stated": "by letter" });
    let other = Database::connect(&Settings { url: server.url().into(), connections: 2 }).await.unwrap();
    let holding = other.begin().await.unwrap();
    holding.execute_unprepared("SELECT id FROM topics FOR UPDATE").await.unwrap();
    let waiting = async || {
        let sql = "SELECT 1 FROM pg_stat_activity waiting, pg_stat_activity holding \
                   WHERE holding.query LIKE 'SELECT id FROM topics FOR UPDATE%' AND holding.pid = ANY(pg_blocking_pids(waiting.pid))";
        other.reader().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().is_some()
    };
    let request = eshot.api(Method::POST, "/subscribers").header("Idempotency-Key", "cut-off").json(&person).send();
    let (answer, ()) = tokio::join!(request, async {
        wait_until("the request to be in the middle", waiting).await;
        server.stop(how);
    });
    assert_eq!(answer.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    person
}

/// What became of the request in the middle is unknown, and is told within a minute. Under another key it is carried out.
async fn nobody_is_locked_out(eshot: &Eshot, person: &Value) {
    let ask = async |key: &str| {
        let answer = eshot.api(Method::POST, "/subscribers").header("Idempotency-Key", key).json(person).send();
        answer.await.unwrap()
    };
    eshot.advance(Duration::from_secs(60));
    let answer = ask("cut-off").await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["type"], "urn:eshot:problem:outcome-unknown", "{problem}");
    assert_eq!(Staff::of(eshot).await.person("dora@example.com").await, Value::Null);
    assert_eq!(ask("another").await.status(), StatusCode::CREATED);
}

#[test]
fn while_the_disk_of_sqlite_is_full_everybody_hears_so_and_afterwards_everything_goes() {
    testkit::run(async {
        let disk = match SmallDisk::mount(64) {
            Ok(disk) => disk,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let sink = SmtpSink::start().await;
        let url = format!("sqlite:{}", disk.path().join("eshot.db").display());
        let eshot = Eshot::start_at(&url, sink.address(), SETTINGS);
        let id = campaign(&eshot, 400).await;
        let asked = Asked::of(&eshot).await;
        let letter = in_the_middle(&sink).await;
        // An empty journal, whose room is not used again while somebody reads for long, as a backup does.
        let backup = Database::connect(&Settings { url: url.into(), connections: 1 }).await.unwrap();
        wait_until("the journal to be empty", async || backup.settle().await.unwrap()).await;
        let reading = backup.reader().begin().await.unwrap();
        reading.execute_unprepared("SELECT COUNT(*) FROM deliveries").await.unwrap();
        disk.fill();
        // What failed half-way leaves room in the journal for something smaller. Nothing is smaller than the renewal of a lease.
        wait_until("the last page to be taken", async || eshot.log().contains("scheduler failed")).await;
        everybody_hears_so(&eshot, &asked, &letter).await;
        let before = sink.count();
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(sink.count(), before, "nothing goes that cannot be written down");
        assert_eq!(Staff::of(&eshot).await.person("bea@example.com").await, Value::Null, "what stands can be read");

        reading.rollback().await.unwrap();
        disk.make_room();
        all_is_well(&eshot, &sink, &id, &asked, &letter).await;
    });
}

/// What is asked for while the database is away.
struct Asked {
    /// Bea signs up.
    form: Vec<(String, String)>,
    /// Staff bring Cleo on file.
    person: Value,
}

impl Asked {
    async fn of(eshot: &Eshot) -> Self {
        let topic = Staff::of(eshot).await.topic("offers").await;
        let person =
            json!({ "email": "cleo@example.com", "topics": [topic], "basis": "consent", "stated": "by letter" });
        Self { form: fill_in(eshot, "bea@example.com", &["Offers"]).await, person }
    }
}

/// Waits until a part of the campaign is out, and gives a mail of it.
async fn in_the_middle(sink: &SmtpSink) -> Letter {
    wait_until("a part of the campaign", async || sink.count() >= 60).await;
    Letter::read(&sink.messages()[0])
}

/// Each door says at once that it cannot now: pages, one click, API, and the listener for returned mail.
async fn everybody_hears_so(eshot: &Eshot, asked: &Asked, letter: &Letter) {
    let begun = Instant::now();
    let unsubscribe = letter.link("/u/");
    let (page, click, api, returned) = tokio::join!(
        eshot.request(Method::POST, FORM).form(&asked.form).send(),
        eshot.post(&unsubscribe, &[("List-Unsubscribe", "One-Click")]),
        eshot.api(Method::POST, "/subscribers").header("Idempotency-Key", "cleo").json(&asked.person).send(),
        give_back(eshot.returns(), &letter.return_path, &letter.to),
    );
    assert!(begun.elapsed() < PROMPT, "they wait {:?}", begun.elapsed());
    let (page, api) = (page.unwrap(), api.unwrap());
    for answer in [&page, &click, &api] {
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
        assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    }
    let words = page.text().await.unwrap();
    assert!(words.contains("<html") && words.contains("try again"), "{words}");
    let problem: Value = api.json().await.unwrap();
    assert_eq!(problem["type"], "urn:eshot:problem:unavailable", "{problem}");
    assert!(returned.starts_with("451 4.3.0"), "{returned}");
}

/// The campaign has gone on by itself, nothing was done by halves, and what was refused can be asked for again.
async fn all_is_well(eshot: &Eshot, sink: &SmtpSink, campaign: &str, asked: &Asked, letter: &Letter) {
    let report = settled(eshot, campaign).await;
    let audience = Audience::of(&report, sink);
    audience.nobody_twice();
    audience.nobody_missing(400);
    assert!(audience.in_doubt() <= CONNECTIONS, "{report}");

    let staff = Staff::of(eshot).await;
    for nobody in ["bea@example.com", "cleo@example.com"] {
        assert_eq!(staff.person(nobody).await, Value::Null);
    }
    assert_eq!(staff.standing(&letter.to).await, ["offers confirmed"]);
    assert_eq!(staff.get("/feedback").await["items"].as_array().map(Vec::len), Some(0));

    let answer = eshot.request(Method::POST, FORM).form(&asked.form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    mail_to(sink, "bea@example.com", 1).await;
    let answer = eshot.api(Method::POST, "/subscribers").header("Idempotency-Key", "cleo").json(&asked.person).send();
    assert_eq!(answer.await.unwrap().status(), StatusCode::CREATED, "nothing was done, and the key is free");
    let answer = eshot.post(&letter.link("/u/"), &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(staff.standing(&letter.to).await, ["offers unsubscribed"]);
    let returned = give_back(eshot.returns(), &letter.return_path, &letter.to).await;
    assert!(returned.starts_with("250"), "{returned}");
    wait_until("the report to count", async || staff.suppressions(&letter.to).await == ["hard"]).await;
}
