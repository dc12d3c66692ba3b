use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, EmailAddress, KeyId, MasterKeys, SubscriberId, SuppressionId};
use sea_orm::ConnectionTrait;

use super::{Reason, Unliftable};

/// One entry of the list. Neither address nor person stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its id.
    pub id: SuppressionId,
    /// The generation of the key that hashed the address.
    pub generation: KeyId,
    /// For which brand; none for every one.
    pub brand: Option<BrandId>,
    /// Why.
    pub reason: Reason,
    /// The rule, or what staff said.
    pub detail: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: Actor,
    /// How it ended.
    pub lifted: Option<Lifted>,
}

/// How a suppression ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifted {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Option<Actor>,
    /// Why, where they said so.
    pub why: Option<String>,
}

/// Which suppressions a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of this brand; those of every brand are not among them.
    pub brand: Option<BrandId>,
    /// Those for this reason.
    pub reason: Option<Reason>,
    /// Lifted ones too.
    pub lifted: bool,
}

/// Why a suppression could not be lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// There is none.
    #[error("suppression {0} does not exist")]
    NotFound(SuppressionId),
    /// It is not theirs to lift.
    #[error(transparent)]
    Unliftable(#[from] Unliftable),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

/// Suppresses an address by staff's word or from a list, for one brand or every one. An equal entry that stands already is
/// enough.
pub async fn add(
    db: &Database,
    keys: &MasterKeys,
    email: &EmailAddress,
    brand: Option<BrandId>,
    reason: Reason,
    detail: &str,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Suppression, sea_orm::DbErr> {
    let _ = (db, keys, email, brand, reason, detail, actor, now);
    todo!()
}

/// Lifts an entry, if the actor may. Lifting it again is harmless.
pub async fn lift(
    db: &Database,
    id: SuppressionId,
    why: Option<&str>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Suppression, LiftError> {
    let _ = (db, id, why, actor, now);
    todo!()
}

/// The entry with this id.
pub async fn find(conn: &impl ConnectionTrait, id: SuppressionId) -> Result<Option<Suppression>, sea_orm::DbErr> {
    let _ = (conn, id);
    todo!()
}

/// What stands against an address now, whether or not it is on file.
pub async fn active_for(
    conn: &impl ConnectionTrait,
    keys: &MasterKeys,
    email: &EmailAddress,
) -> Result<Vec<Suppression>, sea_orm::DbErr> {
    let _ = (conn, keys, email);
    todo!()
}

/// What stands against a person on file now.
pub async fn active_for_subscriber(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
) -> Result<Vec<Suppression>, sea_orm::DbErr> {
    let _ = (conn, subscriber);
    todo!()
}

/// Entries by age, beginning behind `after`.
pub async fn list(
    conn: &impl ConnectionTrait,
    filter: &Filter,
    after: Option<SuppressionId>,
    limit: u64,
) -> Result<Vec<Suppression>, sea_orm::DbErr> {
    let _ = (conn, filter, after, limit);
    todo!()
}

/// Gives people on file the hashes that they lack since the key was rotated: `limit` of them, beginning behind `after`.
/// Says who was the last; none when all are done.
pub async fn rehash(
    db: &Database,
    keys: &MasterKeys,
    after: Option<SubscriberId>,
    limit: u64,
) -> Result<Option<SubscriberId>, sea_orm::DbErr> {
    let _ = (db, keys, after, limit);
    todo!()
}

/// Generations that standing entries were hashed under and that are not among the keys (any more), with their numbers:
/// these entries no longer stop anybody new. The lines must be put back.
pub async fn unreadable(conn: &impl ConnectionTrait, keys: &MasterKeys) -> Result<Vec<(KeyId, i64)>, sea_orm::DbErr> {
    let _ = (conn, keys);
    todo!()
}
