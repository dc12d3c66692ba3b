//! Who may act alone: one row per exclusive role, with an expiry and a fencing number.
//!
//! A lock of the database session would break behind a connection pooler and outlive a frozen holder. A lease ends by
//! itself, and its fence only grows: whoever comes back after its lease was given away sees that in the next act.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use uuid::Uuid;

use crate::Database;

/// By how much the clocks of two instances may differ. What was written down for a time further ahead than that was written by a clock
/// that has been set back since, and nobody waits for it: a fence, and not the clock, is what keeps two from doing the same.
pub const DISAGREEMENT: Duration = Duration::from_secs(10 * 60);

/// The right to act in one role until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for, such as `scheduler`.
    pub role: String,
    /// Who has it.
    pub holder: Uuid,
    /// Grows by one whenever the role changes hands.
    pub fence: i64,
    /// When it ends unless it is renewed.
    pub expires_at: DateTime<Utc>,
}

/// Why there is no transaction to act in.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Another instance has the role now, or the lease has run out.
    #[error("the lease of the role {0} is over; whoever has it now goes on")]
    Lost(String),
    /// The database did not begin one.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Takes the role if it is free, renews it if `holder` has it, and gives nothing if another has. It is free where its lease has run out,
/// or ends later than any can that was taken by this clock.
pub async fn acquire(
    db: &Database,
    role: &str,
    holder: Uuid,
    ttl: Duration,
    now: DateTime<Utc>,
) -> Result<Option<Lease>, DbErr> {
    let expires_at = now + ttl;
    let sql = "INSERT INTO leases (role, holder, fence, expires_at) VALUES ($1, $2, 1, $3) \
               ON CONFLICT (role) DO UPDATE SET \
                 fence = leases.fence + CASE WHEN leases.holder = excluded.holder AND leases.expires_at > $4 THEN 0 ELSE 1 END, \
                 holder = excluded.holder, expires_at = excluded.expires_at \
               WHERE leases.holder = excluded.holder OR leases.expires_at <= $4 OR leases.expires_at > $5 \
               RETURNING fence";
    let latest = expires_at + DISAGREEMENT;
    let values = [role.into(), holder.into(), expires_at.into(), now.into(), latest.into()];
    let row = db.writer().query_one_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await?;
    row.map(|row| Ok(Lease { role: role.to_owned(), holder, fence: row.try_get_by_index(0)?, expires_at })).transpose()
}

/// Begins a transaction for an act of the role, if the lease still stands: a holder that was frozen, and comes back when its
/// role is another's, does nothing.
///
/// What the act writes is compare-and-set all the same: the role may change hands between this and the commit.
pub async fn begin(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<DatabaseTransaction, BeginError> {
    let txn = db.begin().await?;
    if !held(&txn, lease, now).await? {
        return Err(BeginError::Lost(lease.role.clone()));
    }
    Ok(txn)
}

/// Whether the lease still stands, asked inside the transaction that acts on it.
pub async fn held(conn: &impl ConnectionTrait, lease: &Lease, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let sql = "SELECT 1 FROM leases WHERE role = $1 AND holder = $2 AND fence = $3 AND expires_at > $4";
    let values = [lease.role.as_str().into(), lease.holder.into(), lease.fence.into(), now.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.query_one_raw(statement).await?.is_some())
}

/// Gives the role back, so that the next one need not wait.
pub async fn release(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE leases SET expires_at = $4 WHERE role = $1 AND holder = $2 AND fence = $3";
    let values = [lease.role.as_str().into(), lease.holder.into(), lease.fence.into(), now.into()];
    db.writer().execute_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await.map(drop)
}
