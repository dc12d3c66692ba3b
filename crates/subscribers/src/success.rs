//! Whom our mail has reached: read from the facts, because nobody says so at the time.
//!
//! A success is a delivery that was sent and has not come back within five days, or a click or an answer. What failed
//! before it is forgotten, so that only failures in a row add up.

use std::collections::{BTreeMap, HashSet};

use activity::{Fact, Kind};
use chrono::{DateTime, Duration, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::SubscriberId;
use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use crate::{Error, health};

/// What a relay took has reached the person unless it comes back within this time.
pub const PROVEN_AFTER: Duration = Duration::days(5);

/// How many facts a transaction takes: others wait for it on SQLite.
const CHUNK: u32 = 500;

/// A way through the facts. What proves itself at once must not wait behind what has to ripen, so there are two.
struct Reader {
    /// Its cursor's name.
    name: &'static str,
    /// What proves a success.
    kinds: &'static [Kind],
    /// How old it must be to do so.
    ripe_after: Duration,
    /// Whether it proves nothing about a message that came back. To be sent does not; but who clicks has the mail, whatever
    /// became of a forwarded copy.
    unless_bounced: bool,
}

const SENT: Reader =
    Reader { name: "subscribers.sent", kinds: &[Kind::Sent], ripe_after: PROVEN_AFTER, unless_bounced: true };
const RESPONDED: Reader = Reader {
    name: "subscribers.responded",
    kinds: &[Kind::Clicked, Kind::Answered],
    ripe_after: Duration::zero(),
    unless_bounced: false,
};

/// Notes the successes that are certain by now, a bounded number in each call, and says whether there may be more. Every
/// piece is a transaction that moves the reader with it: a restart goes on where the last commit stands. Whoever calls it holds
/// `lease`, one role for all instances.
pub async fn note_due(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<bool, Error> {
    let responded = RESPONDED.step(db, lease, now).await?;
    let sent = SENT.step(db, lease, now).await?;
    Ok(responded || sent)
}

impl Reader {
    async fn step(&self, db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<bool, Error> {
        let ripe = |fact: &Fact| fact.at <= now - self.ripe_after;
        // Most of the time the next fact is days from ripe: one row tells.
        if !activity::read(db.reader(), self.name, 1).await?.first().is_some_and(|(_, fact)| ripe(fact)) {
            return Ok(false);
        }
        let mut facts = activity::read(db.reader(), self.name, CHUNK).await?;
        let full = facts.len() == CHUNK as usize;
        // What is not ripe holds up what is behind it, which is younger.
        let length = facts.iter().take_while(|(_, fact)| ripe(fact)).count();
        let more = full && length == facts.len();
        facts.truncate(length);
        let Some((last, _)) = facts.last() else { return Ok(false) };
        let txn = lease::begin(db, lease, now).await?;
        let successes = self.successes(&txn, facts.iter().map(|(_, fact)| fact)).await?;
        note(&txn, &successes).await?;
        activity::advance(&txn, self.name, *last).await?;
        txn.commit().await?;
        Ok(more)
    }

    /// The last success of each person among these facts.
    async fn successes(
        &self,
        conn: &impl ConnectionTrait,
        facts: impl Iterator<Item = &Fact> + Clone,
    ) -> Result<BTreeMap<SubscriberId, DateTime<Utc>>, DbErr> {
        let facts = facts.filter(|fact| self.kinds.contains(&fact.kind));
        let keys: Vec<_> = facts.clone().filter_map(|fact| fact.delivery).collect();
        let bounced =
            if self.unless_bounced { outbox::fact::bounced_among(conn, &keys).await? } else { HashSet::new() };
        let mut last = BTreeMap::new();
        for fact in facts.filter(|fact| fact.delivery.is_none_or(|key| !bounced.contains(&key))) {
            if let Some(subscriber) = fact.subscriber {
                let at = last.entry(subscriber).or_insert(fact.at);
                *at = fact.at.max(*at);
            }
        }
        Ok(last)
    }
}

/// Writes successes down. Those who are not on file any more are nobody.
async fn note(conn: &impl ConnectionTrait, successes: &BTreeMap<SubscriberId, DateTime<Utc>>) -> Result<(), DbErr> {
    if successes.is_empty() {
        return Ok(());
    }
    health::lock_all(conn, successes.keys().copied()).await?;
    let rows: Vec<String> = (0..successes.len()).map(|at| format!("(${}, ${})", 2 * at + 1, 2 * at + 2)).collect();
    let values = successes.iter().flat_map(|(subscriber, at)| [Value::from(*subscriber), Value::from(*at)]);
    let sql = format!("WITH v (id, at) AS (VALUES {}) {NOTE}", rows.join(", "));
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// A success at `v.at` ends the row of failures before it. Of those after it only the last is known, and stays counted.
const NOTE: &str = "UPDATE subscribers SET \
       last_success_at = CASE WHEN last_success_at > v.at THEN last_success_at ELSE v.at END, \
       score = CASE WHEN score_since > v.at THEN score WHEN score_last_at > v.at THEN 1 ELSE 0 END, \
       score_since = CASE WHEN score_since > v.at THEN score_since WHEN score_last_at > v.at THEN score_last_at END, \
       score_last_at = CASE WHEN score_last_at > v.at THEN score_last_at END, \
       domain_gone_at = CASE WHEN domain_gone_at > v.at THEN domain_gone_at END \
     FROM v WHERE subscribers.id = v.id";
