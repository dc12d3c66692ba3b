//! What the tests stand on: an audience, a mailing, workers.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use domain::{Actor, BrandId, CampaignId, DeliveryKey, InstanceId, MailboxProvider, MailingNo, SmtpReply};
use outbox::{Answer, Batch, Claim, Counts, Outcome, Phase, State, Submitted};
use sea_orm::sea_query::{Alias, ExprTrait, Query, SelectStatement};
use sea_orm::{ConnectionTrait, Statement};
use testkit::start_of_time;

pub(crate) const TTL: Duration = Duration::from_secs(60);

pub(crate) fn brand() -> BrandId {
    BrandId::from_bytes([1; 16])
}

pub(crate) fn worker(n: u8) -> InstanceId {
    InstanceId::from_bytes([n; 16])
}

pub(crate) fn lane(name: &str) -> MailboxProvider {
    name.parse().unwrap()
}

pub(crate) fn after(seconds: i64) -> DateTime<Utc> {
    start_of_time() + TimeDelta::seconds(seconds)
}

/// Subscribers `first..=last` as a table of the test's own; every third is with gmail, the others elsewhere.
pub(crate) async fn people(db: &Database, last: u32) {
    let writer = db.writer();
    let backend = db.backend();
    let uuid = if backend == sea_orm::DbBackend::Sqlite { "BLOB" } else { "UUID" };
    writer.execute_unprepared(&format!("CREATE TABLE people (id {uuid} PRIMARY KEY, lane TEXT)")).await.unwrap();
    let txn = db.begin().await.unwrap();
    for n in 1..=last {
        let lane = if n % 3 == 0 { "gmail" } else { "other" };
        let insert = "INSERT INTO people (id, lane) VALUES ($1, $2)";
        let values = [person(n).into(), lane.into()];
        txn.execute_raw(Statement::from_sql_and_values(backend, insert, values)).await.unwrap();
    }
    txn.commit().await.unwrap();
}

pub(crate) fn person(n: u32) -> domain::SubscriberId {
    domain::SubscriberId::from_bytes(u128::from(n).to_be_bytes())
}

/// So many of the people behind `after`.
pub(crate) fn audience(after: Option<domain::SubscriberId>, limit: u64) -> SelectStatement {
    let id = Alias::new("id");
    let mut select = Query::select();
    select
        .expr_as(sea_orm::sea_query::Expr::col(id.clone()), Alias::new("subscriber_id"))
        .column(Alias::new("lane"))
        .from(Alias::new("people"))
        .order_by(id.clone(), sea_orm::Order::Asc)
        .limit(limit);
    if let Some(after) = after {
        select.and_where(sea_orm::sea_query::Expr::col(id).gt(after));
    }
    select
}

/// An open campaign to everybody.
pub(crate) async fn campaign(db: &Database, people: u32) -> MailingNo {
    self::people(db, people).await;
    another_campaign(db).await
}

/// One more campaign to the same people.
pub(crate) async fn another_campaign(db: &Database) -> MailingNo {
    let now = start_of_time();
    let txn = db.begin().await.unwrap();
    let mailing = outbox::mailing::create_for_campaign(&txn, brand(), CampaignId::new(now), now).await.unwrap();
    let mut last = None;
    loop {
        let chunk = outbox::enqueue::chunk(&txn, mailing, audience(last, 1_000)).await.unwrap();
        if chunk.enqueued == 0 {
            break;
        }
        last = chunk.last;
    }
    outbox::mailing::release(&txn, mailing, &Actor::System, now).await.unwrap();
    txn.commit().await.unwrap();
    mailing
}

pub(crate) async fn claim(db: &Database, n: u8, limit: u32, now: DateTime<Utc>) -> Option<Batch> {
    let claim = Claim { holder: worker(n), blocked: &[], resting: &[], urgent_only: false, limit, ttl: TTL };
    outbox::claim(db, &claim, now).await.unwrap()
}

pub(crate) fn keys(batch: &Batch) -> Vec<DeliveryKey> {
    batch.deliveries.iter().map(|delivery| delivery.key).collect()
}

pub(crate) async fn submit(db: &Database, batch: &Batch, now: DateTime<Utc>) -> Vec<Submitted> {
    submit_some(db, batch, &keys(batch), now).await
}

pub(crate) async fn submit_some(
    db: &Database,
    batch: &Batch,
    keys: &[DeliveryKey],
    now: DateTime<Utc>,
) -> Vec<Submitted> {
    let txn = db.begin().await.unwrap();
    let submitted = outbox::submit(&txn, &batch.lease, keys, now).await.unwrap();
    txn.commit().await.unwrap();
    submitted
}

pub(crate) fn answer(submitted: Submitted, outcome: Outcome, at: DateTime<Utc>) -> Answer {
    let reply = match outcome {
        Outcome::Sent => Some(SmtpReply::new(250, "2.0.0 queued")),
        Outcome::Deferred { .. } => Some(SmtpReply::new(451, "4.7.1 try again later")),
        Outcome::Failed => Some(SmtpReply::new(550, "5.1.1 <ada@example.com> is gone\0")),
        Outcome::InDoubt => None,
    };
    Answer {
        key: submitted.key,
        attempt: submitted.attempt,
        outcome,
        relay: "main".to_owned(),
        phase: Phase::Dot,
        offered: true,
        reply,
        relay_message_id: None,
        class: None,
        rule: None,
        started_at: at,
        answered_at: at,
    }
}

pub(crate) async fn record(db: &Database, answers: &[Answer], now: DateTime<Utc>) -> outbox::Recorded {
    record_for(db, 1, answers, now).await
}

pub(crate) async fn record_for(db: &Database, n: u8, answers: &[Answer], now: DateTime<Utc>) -> outbox::Recorded {
    let txn = db.begin().await.unwrap();
    let recorded = outbox::record(&txn, worker(n), answers, now).await.unwrap();
    txn.commit().await.unwrap();
    recorded
}

/// Claims, submits and records everything there is to do at this time.
pub(crate) async fn send_all(db: &Database, outcome: Outcome, now: DateTime<Utc>) -> usize {
    let mut sent = 0;
    while let Some(batch) = claim(db, 1, 100, now).await {
        let submitted = submit(db, &batch, now).await;
        let answers: Vec<Answer> = submitted.iter().map(|submitted| answer(*submitted, outcome, now)).collect();
        record(db, &answers, now).await;
        outbox::release(db, &batch.lease, now).await.unwrap();
        sent += answers.len();
    }
    sent
}

pub(crate) async fn state(db: &Database, key: DeliveryKey) -> State {
    outbox::find(db.reader(), key).await.unwrap().unwrap().state
}

pub(crate) async fn counts(db: &Database, mailing: MailingNo) -> Counts {
    outbox::counts(db.reader(), mailing).await.unwrap()
}

/// One delivery of a campaign of one, taken to in doubt by a worker that was lost; and when.
pub(crate) async fn in_doubt(db: &Database) -> (Submitted, DateTime<Utc>) {
    campaign(db, 1).await;
    let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
    let submitted = submit(db, &batch, start_of_time()).await[0];
    let late = start_of_time() + TTL;
    assert_eq!(outbox::reap(db, worker(2), late).await.unwrap(), 1);
    assert_eq!(state(db, submitted.key).await, State::InDoubt);
    (submitted, late)
}
