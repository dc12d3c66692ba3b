//! How fast a provider is mailed that has asked for less: half as fast after each such word, and faster by a sixtieth of the full
//! rate with each minute from then on. One that was left alone comes back so, too. It is a row, so that every instance and every
//! restart knows.

use chrono::{DateTime, TimeDelta, Utc};
use database::sql;
use domain::{Actor, MailboxProvider, Throttle};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use crate::Pause;

/// In how many minutes nothing becomes everything: additive increase, multiplicative decrease, as in RFC 5681 §3.1.
const RECOVERY: i64 = 60;

/// What was on its way when a provider spoke is answered alike; that is one word, not many.
const ONE_WORD: TimeDelta = TimeDelta::minutes(1);

/// No slower than one a minute (KumoMTA's shaping rules): something has to ask whether it is better.
const SLOWEST: i64 = 60;

/// A provider that is mailed more slowly than it might be.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Pace {
    /// Which one.
    pub provider: MailboxProvider,
    /// Messages an hour before it said anything.
    pub whole: i64,
    /// Messages an hour after its last word.
    pub slowed: i64,
    /// When it was slowed down last.
    pub slowed_at: DateTime<Utc>,
    /// From when on it grows.
    pub recovers_from: DateTime<Utc>,
    /// The rule that said so.
    pub rule: String,
    /// The provider's words.
    pub words: String,
    /// Who ended it early, if anybody did.
    pub lifted_by: Option<Actor>,
}

const COLUMNS: &str = "provider, whole, slowed, slowed_at, recovers_from, rule, words, lifted_by";

impl Pace {
    /// Messages an hour now; never more than in full.
    pub fn per_hour(&self, now: DateTime<Utc>) -> i64 {
        let minutes = (now - self.recovers_from).num_minutes().clamp(0, RECOVERY);
        self.whole.min(self.slowed.saturating_add(self.whole.saturating_mul(minutes) / RECOVERY))
    }

    /// Whether it is as fast as before.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.per_hour(now) >= self.whole
    }

    /// What part of the full rate that is, in hundredths.
    pub fn per_cent(&self, now: DateTime<Utc>) -> i64 {
        self.per_hour(now).saturating_mul(100) / self.whole.max(1)
    }

    /// When it is as fast as before.
    pub fn ends_at(&self) -> DateTime<Utc> {
        let (missing, full) = (self.whole - self.slowed, self.whole.max(1));
        // Rounded up: it grows by whole minutes.
        let minutes = (missing.saturating_mul(RECOVERY) + full - 1) / full;
        self.recovers_from + TimeDelta::minutes(minutes.clamp(0, RECOVERY))
    }

    /// The rate now; nothing where it is no slower than before.
    pub(crate) fn rate(&self, now: DateTime<Utc>) -> Option<Throttle> {
        let count = u32::try_from(self.per_hour(now)).ok().and_then(std::num::NonZeroU32::new)?;
        (!self.is_over(now)).then(|| Throttle::per_hour_of(count))
    }

    /// What becomes of it, or of no pace before, at a word that asks for less. Nothing if this is the last word once more, or if it
    /// could be no slower.
    fn after(
        before: Option<&Self>,
        provider: &MailboxProvider,
        full: i64,
        word: (&str, &str),
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let under_way = before.filter(|pace| !pace.is_over(now));
        if under_way.is_some_and(|pace| now < pace.recovers_from.max(pace.slowed_at + ONE_WORD)) {
            return None;
        }
        let full = under_way.map_or(full, |pace| pace.whole).max(1);
        let current = under_way.map_or(full, |pace| pace.per_hour(now));
        let slowed = SLOWEST.max(current / 2);
        (slowed < full).then(|| Self {
            provider: provider.clone(),
            whole: full,
            slowed,
            slowed_at: now,
            recovers_from: until.max(now),
            rule: word.0.to_owned(),
            words: word.1.to_owned(),
            lifted_by: None,
        })
    }

    /// What becomes of it, or of no pace before, where the provider is left alone until some time. Nothing if it begins anew then
    /// already, or if it could be no slower.
    fn eased(before: Option<&Self>, pause: &Pause, full: i64, now: DateTime<Utc>) -> Option<Self> {
        let under_way = before.filter(|pace| !pace.is_over(now));
        if under_way.is_some_and(|pace| pace.recovers_from >= pause.until) {
            return None;
        }
        let whole = under_way.map_or(full, |pace| pace.whole).max(1);
        let current = under_way.map_or(whole, |pace| pace.per_hour(now));
        let slowed = SLOWEST.max(current.min(whole / 4));
        (slowed < whole).then(|| Self {
            provider: pause.provider.clone(),
            whole,
            slowed,
            slowed_at: now,
            recovers_from: pause.until,
            rule: pause.rule.clone(),
            words: pause.words.clone(),
            lifted_by: None,
        })
    }
}

/// Slows a provider down by half, from `full` messages an hour if it was not slowed down before. It recovers from `until` on, the
/// end of its pause. Says what came of it; nothing if this word has been heard already.
pub async fn slow(
    conn: &impl ConnectionTrait,
    provider: &MailboxProvider,
    full: i64,
    (rule, words): (&str, &str),
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Pace>, DbErr> {
    let before = last(conn, provider).await?;
    let Some(pace) = Pace::after(before.as_ref(), provider, full, (rule, words), until, now) else {
        let longer = "UPDATE provider_paces SET recovers_from = $2 WHERE provider = $1 AND recovers_from < $2";
        sql::execute(conn, longer, [provider.clone().into(), until.into()]).await?;
        return Ok(None);
    };
    put(conn, &pace, before.as_ref(), now).await
}

/// Writes a pace in the place of the one before.
async fn put(
    conn: &impl ConnectionTrait,
    pace: &Pace,
    before: Option<&Pace>,
    now: DateTime<Utc>,
) -> Result<Option<Pace>, DbErr> {
    // Of two instances that have heard the same word the second finds another time than it has read, and does nothing.
    let sql = "INSERT INTO provider_paces (provider, whole, slowed, slowed_at, recovers_from, rule, words) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) \
               ON CONFLICT (provider) DO UPDATE SET whole = excluded.whole, slowed = excluded.slowed, \
                   slowed_at = excluded.slowed_at, recovers_from = excluded.recovers_from, rule = excluded.rule, \
                   words = excluded.words, lifted_by = NULL \
               WHERE provider_paces.slowed_at = $8";
    let seen = before.map_or(now, |pace| pace.slowed_at);
    let values = [
        pace.provider.clone().into(),
        pace.whole.into(),
        pace.slowed.into(),
        now.into(),
        pace.recovers_from.into(),
        pace.rule.clone().into(),
        pace.words.clone().into(),
        seen.into(),
    ];
    Ok((sql::execute(conn, sql, values).await? == 1).then(|| pace.clone()))
}

/// Lets a provider that a rule leaves alone come back step by step: a quarter of `full` messages an hour at the end of its pause, half
/// of it a quarter of an hour later, and all after three. Says what came of it; nothing where a pace of its own begins then already.
pub async fn ease_in(
    conn: &impl ConnectionTrait,
    pause: &Pause,
    full: i64,
    now: DateTime<Utc>,
) -> Result<Option<Pace>, DbErr> {
    let before = last(conn, &pause.provider).await?;
    let Some(pace) = Pace::eased(before.as_ref(), pause, full, now) else { return Ok(None) };
    put(conn, &pace, before.as_ref(), now).await
}

/// The providers that are mailed more slowly now.
pub async fn active(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Pace>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM provider_paces WHERE slowed < whole ORDER BY provider");
    let mut paces: Vec<Pace> = sql::all(conn, &sql, []).await?;
    paces.retain(|pace| !pace.is_over(now));
    Ok(paces)
}

/// How a provider was slowed down last, if it ever was.
pub async fn last(conn: &impl ConnectionTrait, provider: &MailboxProvider) -> Result<Option<Pace>, DbErr> {
    let sql = format!("SELECT {COLUMNS} FROM provider_paces WHERE provider = $1");
    sql::one(conn, &sql, [provider.clone().into()]).await
}

/// Lets a provider be mailed as fast as before; the row keeps who did it. Says whether it was slowed down.
pub async fn lift(
    conn: &impl ConnectionTrait,
    provider: &MailboxProvider,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    if last(conn, provider).await?.is_none_or(|pace| pace.is_over(now)) {
        return Ok(false);
    }
    let sql = "UPDATE provider_paces SET slowed = whole, lifted_by = $2 WHERE provider = $1 AND slowed < whole";
    Ok(sql::execute(conn, sql, [provider.clone().into(), actor.clone().into()]).await? == 1)
}

#[cfg(test)]
mod tests;
