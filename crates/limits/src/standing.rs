//! How each provider stands: its limit, and what holds it back for now. For people who look.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, MailboxProvider};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{Limit, Pace, Pause, WarmUp, Warming, pace, pause, warm_up};

/// A provider that has a limit, is held back, or is being got used to a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which one.
    pub provider: MailboxProvider,
    /// Its limit, if it has one.
    pub limit: Option<Limit>,
    /// Until when it is left alone, if it is.
    pub pause: Option<Pause>,
    /// How much more slowly it is mailed, if it is.
    pub pace: Option<Pace>,
    /// The relays that are being warmed up there.
    pub warm_ups: Vec<Warming>,
}

/// Every provider that has one of these limits, is held back, or is got used to one of these relays; in order of name.
pub async fn standings(
    conn: &impl ConnectionTrait,
    limits: &BTreeMap<MailboxProvider, Limit>,
    warm_ups: &BTreeMap<String, WarmUp>,
    now: DateTime<Utc>,
) -> Result<Vec<Standing>, DbErr> {
    let pauses = pause::active(conn, now).await?;
    let paces = pace::active(conn, now).await?;
    let held = pauses.iter().map(|pause| &pause.provider).chain(paces.iter().map(|pace| &pace.provider));
    let warmings = warm_up::warmings(conn, warm_ups, now).await?;
    let held = held.chain(warmings.iter().map(|warming| &warming.provider));
    let names: BTreeSet<&MailboxProvider> = limits.keys().chain(held).collect();
    let standing = |provider: &MailboxProvider| Standing {
        provider: provider.clone(),
        limit: limits.get(provider).cloned(),
        pause: pauses.iter().find(|pause| pause.provider == *provider).cloned(),
        pace: paces.iter().find(|pace| pace.provider == *provider).cloned(),
        warm_ups: warmings.iter().filter(|warming| warming.provider == *provider).cloned().collect(),
    };
    Ok(names.into_iter().map(standing).collect())
}

/// Ends whatever holds a provider back; the rows keep who did. Says whether there was anything.
pub async fn lift(db: &Database, provider: &MailboxProvider, actor: &Actor, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let txn = db.begin().await?;
    let paused = pause::lift(&txn, provider, actor, now).await?;
    let slowed = pace::lift(&txn, provider, actor, now).await?;
    txn.commit().await?;
    Ok(paused || slowed)
}
