use std::time::{Duration, Instant};

use activity::Kind;
use database::Database;
use domain::{MailingNo, Ordinal, SubscriberId};
use outbox::State;

/// How many rows are read at once.
const PAGE: u32 = 1_000;

/// How long to wait for a fact that does not show yet.
const PATIENCE: Duration = Duration::from_secs(30);

/// Under which name the facts are read.
const READER: &str = "bench";

/// What was read and found right.
pub(super) struct Verified {
    pub(super) deliveries: u64,
    pub(super) attempts: u64,
    pub(super) facts: u64,
}

/// Every delivery of a mailing is sent by one attempt, each to another person, and each is told as one fact.
pub(super) async fn every_row(db: &Database, mailing: MailingNo, recipients: u64) -> anyhow::Result<Verified> {
    let verified = Verified {
        deliveries: deliveries(db, mailing).await?,
        attempts: attempts(db, mailing, recipients).await?,
        facts: facts(db, mailing, recipients).await?,
    };
    let Verified { deliveries, attempts, facts } = verified;
    anyhow::ensure!(
        [deliveries, attempts, facts] == [recipients; 3],
        "{recipients} recipients have {deliveries} deliveries, {attempts} attempts and {facts} facts"
    );
    let counts = outbox::counts(db.reader(), mailing).await?;
    let sent = u64::try_from(counts.sent)?;
    anyhow::ensure!(sent == recipients && counts.audience() == counts.sent, "the counts are {counts:?}");
    Ok(verified)
}

async fn deliveries(db: &Database, mailing: MailingNo) -> anyhow::Result<u64> {
    let (mut count, mut last, mut person) = (0, Ordinal(0), None::<SubscriberId>);
    loop {
        let page = outbox::list(db.reader(), mailing, None, Some(last), PAGE).await?;
        for delivery in &page {
            let key = delivery.key;
            let whole = delivery.state == State::Sent && delivery.attempts == 1 && delivery.sent_at.is_some();
            anyhow::ensure!(whole && delivery.due_at.is_none(), "a delivery is not as it should be: {delivery:?}");
            // A launch writes people down in the order of their ids, so whoever came before is another.
            anyhow::ensure!(delivery.subscriber > person, "delivery {key} goes to somebody who has one already");
            anyhow::ensure!(key.ordinal.0 == last.0 + 1, "delivery {key} does not follow {last:?}");
            (person, last) = (delivery.subscriber, key.ordinal);
        }
        count += page.len() as u64;
        if page.len() < PAGE as usize {
            return Ok(count);
        }
    }
}

async fn attempts(db: &Database, mailing: MailingNo, recipients: u64) -> anyhow::Result<u64> {
    let (mut last, end) = (Ordinal(0), i64::try_from(recipients)?);
    while last.0 < end {
        let page = outbox::attempts_between(db.reader(), mailing, last, Ordinal(last.0 + i64::from(PAGE))).await?;
        anyhow::ensure!(!page.is_empty(), "nothing was tried behind {last:?}");
        for (ordinal, attempt) in page {
            let whole = attempt.outcome == State::Sent && attempt.code == Some(250) && !attempt.late;
            anyhow::ensure!(whole && attempt.attempt == 1, "an attempt is not as it should be: {attempt:?}");
            anyhow::ensure!(ordinal.0 == last.0 + 1, "the attempt at {ordinal:?} does not follow {last:?}");
            last = ordinal;
        }
    }
    Ok(u64::try_from(last.0)?)
}

/// The facts of the mailing, each about another delivery. On PostgreSQL a fact shows when no transaction on the whole server
/// that began before it is open any more, so one that is missing may still come.
async fn facts(db: &Database, mailing: MailingNo, recipients: u64) -> anyhow::Result<u64> {
    let mut told = vec![false; usize::try_from(recipients)? + 1];
    let (mut count, mut last_seen) = (0, Instant::now());
    while count < recipients && last_seen.elapsed() < PATIENCE {
        let page = activity::read(db.reader(), READER, PAGE).await?;
        let Some((last, _)) = page.last() else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        for (_, fact) in &page {
            anyhow::ensure!(fact.kind == Kind::Sent && fact.subscriber.is_some(), "a fact says {fact:?}");
            let Some(key) = fact.delivery.filter(|key| key.mailing == mailing) else { continue };
            let told = told.get_mut(usize::try_from(key.ordinal.0)?).filter(|told| !**told);
            *told.ok_or_else(|| anyhow::anyhow!("delivery {key} is told twice"))? = true;
            count += 1;
        }
        activity::advance(db.writer(), READER, *last).await?;
        last_seen = Instant::now();
    }
    anyhow::ensure!(
        activity::read(db.reader(), READER, PAGE).await?.is_empty(),
        "there are more facts than deliveries"
    );
    Ok(count)
}
