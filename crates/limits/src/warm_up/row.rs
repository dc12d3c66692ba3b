//! How far each relay is warmed up stands in the database, so that all instances and every restart go by it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use database::sql;
use domain::MailboxProvider;
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{Frozen, Plan, WarmUp, Warming, key};
use crate::budget::{Budget, day_of};

/// A row of `warm_ups`.
#[derive(Clone, Debug, FromQueryResult)]
struct Row {
    relay: String,
    provider: MailboxProvider,
    begun_at: DateTime<Utc>,
    /// How many days have counted.
    days: i32,
    /// The last day on which something went wrong, since 1970.
    bad_day: Option<i64>,
    rule: String,
    words: String,
}

const COLUMNS: &str = "relay, provider, begun_at, days, bad_day, rule, words";

impl Row {
    /// How many days have counted by now. A day counts when half of its amount was used, and nothing went wrong on it: who has sent
    /// less has shown less, and would have the next campaign begin with a leap.
    fn days(&self, warm_up: &WarmUp, (day, spent): (i64, i64), now: DateTime<Utc>) -> u32 {
        let days = u32::try_from(self.days).unwrap_or_default();
        let Some(amount) = warm_up.amount(&self.provider, days) else { return days };
        let is_over = day < day_of(now);
        let counts = is_used(spent, amount) && self.bad_day != Some(day);
        days.saturating_add(u32::from(is_over && counts))
    }
}

/// How many messages may go today by a plan; nothing once it is over. The budget is as it was left: its row is locked, and the caller
/// settles and writes it in this transaction.
pub(crate) async fn settle(
    txn: &impl ConnectionTrait,
    plan: &Plan,
    budget: &Budget,
    now: DateTime<Utc>,
) -> Result<Option<u32>, DbErr> {
    let Plan { relay, provider, warm_up } = plan;
    let sql = format!("SELECT {COLUMNS} FROM warm_ups WHERE relay = $1 AND provider = $2");
    let row: Option<Row> = sql::one(txn, &sql, [relay.as_str().into(), provider.clone().into()]).await?;
    let Some(row) = row else {
        let begin = "INSERT INTO warm_ups (relay, provider, begun_at) VALUES ($1, $2, $3)";
        sql::execute(txn, begin, [relay.as_str().into(), provider.clone().into(), now.into()]).await?;
        return Ok(warm_up.amount(provider, 0));
    };
    let days = row.days(warm_up, (budget.day, budget.day_spent), now);
    if i64::from(days) != i64::from(row.days) {
        let count = "UPDATE warm_ups SET days = $3 WHERE relay = $1 AND provider = $2";
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        sql::execute(txn, count, [relay.as_str().into(), provider.clone().into(), days.into()]).await?;
    }
    Ok(warm_up.amount(provider, days))
}

/// Something went wrong at a provider: this day does not count, and the next one has no more for it.
pub async fn freeze(
    conn: &impl ConnectionTrait,
    provider: &MailboxProvider,
    rule: &str,
    words: &str,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let sql = "UPDATE warm_ups SET bad_day = $2, rule = $3, words = $4 \
               WHERE provider = $1 AND (bad_day IS NULL OR bad_day < $2)";
    sql::execute(conn, sql, [provider.clone().into(), day_of(now).into(), rule.into(), words.into()]).await.map(drop)
}

/// Whether a relay is warmed up at a provider by what happens today: whether there is anything to [`freeze`]. Of a plan that is over or
/// gone, nothing is counted any more.
pub async fn counts(
    conn: &impl ConnectionTrait,
    provider: &MailboxProvider,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM warm_ups w JOIN budgets b ON b.key = 'warm-up:' || w.provider || ':' || w.relay \
               WHERE w.provider = $1 AND (w.bad_day IS NULL OR w.bad_day < $2) AND b.day >= $2 AND b.day_spent > 0 LIMIT 1";
    Ok(sql::row(conn, sql, [provider.clone().into(), day_of(now).into()]).await?.is_some())
}

/// What is being warmed up now, of these relays by name; in order of provider and relay.
pub async fn warmings(
    conn: &impl ConnectionTrait,
    warm_ups: &BTreeMap<String, WarmUp>,
    now: DateTime<Utc>,
) -> Result<Vec<Warming>, DbErr> {
    if warm_ups.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> =
        sql::all(conn, &format!("SELECT {COLUMNS} FROM warm_ups ORDER BY provider, relay"), []).await?;
    let mut warmings = Vec::new();
    for row in rows {
        let Some(warm_up) = warm_ups.get(&row.relay) else { continue };
        let (day, spent) = spent(conn, &row.relay, &row.provider).await?;
        let days = row.days(warm_up, (day, spent), now);
        let Some(amount) = warm_up.amount(&row.provider, days) else { continue };
        let used = if day < day_of(now) { 0 } else { spent };
        let date = |day: i64| DateTime::from_timestamp(day * 86_400, 0).map(|at| at.date_naive());
        let (rule, words) = (row.rule, row.words);
        let frozen = row.bad_day.and_then(date).map(|on| Frozen { on, rule, words });
        warmings.push(Warming {
            relay: row.relay,
            provider: row.provider,
            begun_at: row.begun_at,
            day: days.saturating_add(1),
            amount,
            used: u32::try_from(used).unwrap_or_default(),
            // What was long ago explains nothing of today.
            frozen: frozen.filter(|frozen| frozen.on >= (now - TimeDelta::days(1)).date_naive()),
        });
    }
    Ok(warmings)
}

/// Whether a relay has not been warmed up yet at some provider to which it matters what comes first: it has begun nowhere, or is under way
/// somewhere. Where the last day on which anything went is over and was hardly used, all that there was has gone, in whatever order: a
/// provider with few recipients never uses up its amount, and so is never warmed up.
pub async fn is_under_way(
    conn: &impl ConnectionTrait,
    relay: &str,
    warm_up: &WarmUp,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM warm_ups WHERE relay = $1");
    let rows: Vec<Row> = sql::all(conn, &sql, [relay.into()]).await?;
    for row in &rows {
        let days = u32::try_from(row.days).unwrap_or_default();
        let Some(amount) = warm_up.amount(&row.provider, days) else { continue };
        let (day, spent) = spent(conn, relay, &row.provider).await?;
        if day >= day_of(now) || is_used(spent, amount) {
            return Ok(true);
        }
    }
    Ok(rows.is_empty())
}

/// How much of its amount a day has to use to count.
const fn is_used(spent: i64, amount: u32) -> bool {
    spent.saturating_mul(2) >= amount as i64
}

/// The last day on which anything went by a plan, and how much it was.
async fn spent(conn: &impl ConnectionTrait, relay: &str, provider: &MailboxProvider) -> Result<(i64, i64), DbErr> {
    let sql = "SELECT day, day_spent FROM budgets WHERE key = $1";
    match sql::row(conn, sql, [key(relay, provider).into()]).await? {
        Some(row) => Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)),
        None => Ok((0, 0)),
    }
}
