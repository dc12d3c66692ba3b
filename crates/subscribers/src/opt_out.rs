//! Leaving, and taking it back within ten minutes.

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, SubscriberId, TopicId};
use sea_orm::ConnectionTrait;

use crate::topic::Topic;
use crate::{Error, Evidence, Source};

/// For how many minutes a leaving can be taken back on the same page.
pub const UNDO_MINUTES: i64 = 10;

/// What somebody leaves.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// One topic.
    Topic(TopicId),
    /// All topics of a brand.
    Brand(BrandId),
}

/// Somebody leaves.
#[derive(Clone, Debug)]
pub struct Leave {
    /// Who.
    pub subscriber: SubscriberId,
    /// What.
    pub what: What,
    /// By which door.
    pub source: Source,
    /// By whose act: the subscriber's own, or staff's on their word.
    pub actor: Actor,
    /// From where.
    pub evidence: Evidence,
}

/// Leaves, and says what was left now: nothing if it was left before, and nothing for who is not on file.
pub async fn leave(db: &Database, leave: &Leave, now: DateTime<Utc>) -> Result<Vec<Topic>, Error> {
    let txn = db.begin().await?;
    let left = leave_within(&txn, leave, now).await?;
    txn.commit().await?;
    Ok(left)
}

/// [`leave`] as a piece of the caller's transaction.
pub async fn leave_within(conn: &impl ConnectionTrait, leave: &Leave, now: DateTime<Utc>) -> Result<Vec<Topic>, Error> {
    let _ = (conn, leave, now);
    todo!()
}

/// Takes back what was left within the last ten minutes, and says what. It brings back confirmed subscriptions only.
pub async fn undo(
    db: &Database,
    subscriber: SubscriberId,
    what: What,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<Vec<Topic>, Error> {
    let _ = (db, subscriber, what, evidence, now);
    todo!()
}
