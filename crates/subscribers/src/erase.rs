use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, SubscriberId};

use crate::Error;

/// What was left when a person was erased.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// How many entries of the consent ledger no longer say whose they are.
    pub consent_events: u64,
}

/// Erases a person: profile, subscriptions, links, evidence, and what the queue knows. A keyed hash stays, so that no list
/// brings the address back.
pub async fn erase(
    db: &Database,
    subscriber: SubscriberId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Erased, Error> {
    let _ = (db, subscriber, actor, now);
    todo!()
}
