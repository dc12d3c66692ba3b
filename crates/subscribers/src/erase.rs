use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, SubscriberId};
use sea_orm::{ConnectionTrait, EntityTrait};

use crate::entity::subscriber::{Entity, Model};
use crate::suppression::{self, Reason};
use crate::{Error, consent, health};

/// What was left when a person was erased.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// How many entries of the consent ledger no longer say whose they are.
    pub consent_events: u64,
}

/// Erases a person: profile, subscriptions, links, evidence, and what the queue and the facts know. A keyed hash stays, so
/// that no list brings the address back.
///
/// What other crates keep beside (returned mail, the audit log) is theirs to forget.
pub async fn erase(
    db: &Database,
    subscriber: SubscriberId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Erased, Error> {
    // It locks what senders and readers of returned mail lock too. Nobody should have to ask twice to be erased.
    let erased = database::across_deadlocks(|| erase_once(db, subscriber, actor, now)).await?;
    // The person is gone, whatever becomes of the journal: a failure here is no failure of the act, and whoever waits for the
    // answer waits for no reader. Retention settles what is owed then.
    if let Err(error) = db.settle().await {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "the journal was not emptied: what was just erased stands in it for a while longer");
    }
    Ok(erased)
}

async fn erase_once(
    db: &Database,
    subscriber: SubscriberId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Erased, Error> {
    let txn = db.begin().await?;
    let person = health::lock_whole(&txn, subscriber).await?.ok_or(Error::NotFound(subscriber))?;
    let hashes = suppression::hashes_of(&txn, subscriber).await?;
    // Neither the person's id nor their name may stand in what stays.
    let actor = match actor {
        Actor::Subscriber(_) => &Actor::System,
        actor => actor,
    };
    let origin = suppression::Origin::default();
    let entry = suppression::Entry { hashes: &hashes, brand: None, reason: Reason::Erased, detail: "", origin, actor };
    suppression::put(&txn, entry, now).await?;
    let consent_events = scrub(&txn, &person, actor, now).await?;
    txn.commit().await?;
    Ok(Erased { consent_events })
}

/// Takes a person, whom the caller has locked, out of every table of ours and of those below. Says how many entries of the
/// ledger were theirs.
pub(crate) async fn scrub(
    conn: &impl ConnectionTrait,
    person: &Model,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let hashes = suppression::hashes_of(conn, person.id).await?;
    suppression::forget(conn, &hashes, &person.email).await?;
    let consent_events = consent::forget(conn, person.id, actor, now).await?;
    outbox::forget(conn, person.id).await?;
    outbox::forget_address(conn, &person.email).await?;
    activity::forget(conn, person.id).await?;
    // Subscriptions, hashes, pauses, requests and links go with the row.
    Entity::delete_by_id(person.id).exec(conn).await?;
    Ok(consent_events)
}
