//! How each provider stands: its limit, and what holds it back for now. For people who look.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, MailboxProvider};
use sea_orm::{ConnectionTrait, DbErr};

use crate::{Limit, Pace, Pause, pace, pause};

/// A provider that has a limit or is held back.
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
}

/// Every provider that has one of these limits or is held back, in order of name.
pub async fn standings(
    conn: &impl ConnectionTrait,
    limits: &BTreeMap<MailboxProvider, Limit>,
    now: DateTime<Utc>,
) -> Result<Vec<Standing>, DbErr> {
    let pauses = pause::active(conn, now).await?;
    let paces = pace::active(conn, now).await?;
    let held = pauses.iter().map(|pause| &pause.provider).chain(paces.iter().map(|pace| &pace.provider));
    let names: BTreeSet<&MailboxProvider> = limits.keys().chain(held).collect();
    let standing = |provider: &MailboxProvider| Standing {
        provider: provider.clone(),
        limit: limits.get(provider).cloned(),
        pause: pauses.iter().find(|pause| pause.provider == *provider).cloned(),
        pace: paces.iter().find(|pace| pace.provider == *provider).cloned(),
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
