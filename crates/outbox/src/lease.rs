use std::time::Duration;

use chrono::{DateTime, Utc};
use database::lease::DISAGREEMENT;
use database::{Column, Database, sql};
use domain::{DeliveryKey, InstanceId, MailboxProvider, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};
use serde_json::json;

use crate::dialect::{self, Locked};
use crate::{Error, change};

/// The right of one worker to submit what it has claimed, until [`expires_at`](Self::expires_at).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(crate) mailing: MailingNo,
    pub(crate) lane: MailboxProvider,
    pub(crate) holder: InstanceId,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) over: Over,
}

/// What a lease is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// A range of queued rows: a row of `outbox_leases`.
    Range { id: i64, after: Ordinal, to: Ordinal, fence: i64 },
    /// Deferred rows and how many attempts each had, whose `due_at` says when the lease ends: if the worker is lost, they are
    /// due again.
    Rows(Vec<(Ordinal, i32)>),
}

impl Lease {
    /// No worker claims for longer. One that ends later was claimed by a clock that has been set back since, and is over: its fence
    /// keeps whoever has it from submitting what another has claimed anew.
    pub const LONGEST: Duration = Duration::from_secs(30 * 60);

    /// When it ends unless it is renewed. Whoever is about to say MAIL FROM or the final dot looks first.
    pub const fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// Whether the clock was set back since it was claimed or renewed. To keep it, renew it before anybody claims it anew.
    pub fn is_set_back(&self, now: DateTime<Utc>) -> bool {
        self.expires_at > latest(now)
    }
}

/// When the last lease ends that may have been claimed by now.
pub(crate) fn latest(now: DateTime<Utc>) -> DateTime<Utc> {
    now + Lease::LONGEST + DISAGREEMENT
}

/// How many instances hold ranges of mailings now, and so send first attempts.
pub async fn holders(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<i64, Error> {
    let sql = "SELECT COUNT(DISTINCT holder) FROM outbox_leases WHERE expires_at > $1 AND expires_at <= $2";
    let row = sql::row(conn, sql, [now.into(), latest(now).into()]).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0))
}

/// Makes a lease last until `ttl` from now, for its waiting rows and for those that are being submitted. Nothing, if it has
/// ended, if another worker has it or if all of it is done. The lease that comes back takes the place of the old one.
pub async fn renew(db: &Database, lease: &Lease, ttl: Duration, now: DateTime<Utc>) -> Result<Option<Lease>, Error> {
    let expires_at = now + ttl;
    if expires_at <= lease.expires_at && !lease.is_set_back(now) {
        return Ok((lease.expires_at > now).then(|| lease.clone()));
    }
    let txn = db.begin().await?;
    let held = match &lease.over {
        Over::Range { id, after, to, fence } => {
            let sql = "UPDATE outbox_leases SET expires_at = $5 \
                       WHERE id = $1 AND holder = $2 AND fence = $3 AND expires_at > $4";
            let values = [(*id).into(), lease.holder.into(), (*fence).into(), now.into(), expires_at.into()];
            let held = sql::execute(&txn, sql, values).await? == 1;
            if held {
                lock_begun(&txn, lease, *after, *to).await?;
                // What an earlier holder was submitting is past its own deadline and is not saved by this; and what was put off
                // and is tried again has a lease of its own, which knows its rows by their deadline.
                let sql = "UPDATE deliveries SET due_at = $6 WHERE mailing_no = $1 AND lane = $2 AND ordinal > $3 \
                           AND ordinal <= $4 AND state = 'submitting' AND attempt = 1 AND due_at > $5";
                let lane = lease.lane.clone().into();
                let values = [lease.mailing.into(), lane, (*after).into(), (*to).into(), now.into(), expires_at.into()];
                sql::execute(&txn, sql, values).await?;
            }
            held
        }
        Over::Rows(rows) => {
            lock(&txn, lease.mailing, rows).await?;
            let sql = renewing(txn.get_database_backend());
            let values = [batch(lease.mailing, rows), lease.expires_at.into(), expires_at.into()];
            lease.expires_at > now && sql::execute(&txn, &sql, values).await? > 0
        }
    };
    txn.commit().await?;
    Ok(held.then(|| Lease { expires_at, ..lease.clone() }))
}

/// Ends a lease: what was not begun is at once free for others.
pub async fn release(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    match &lease.over {
        Over::Range { id, after, to, fence } => {
            let txn = db.begin().await?;
            // A row that has left *queued* never comes back to it: an empty range stays empty.
            let finished = "DELETE FROM outbox_leases WHERE id = $1 AND holder = $2 AND fence = $3 AND NOT EXISTS ( \
                                SELECT 1 FROM deliveries d WHERE d.mailing_no = $4 AND d.lane = $5 \
                                AND d.ordinal > $6 AND d.ordinal <= $7 AND d.state = 'queued')";
            let lane = lease.lane.clone().into();
            let values = [
                (*id).into(),
                lease.holder.into(),
                (*fence).into(),
                lease.mailing.into(),
                lane,
                (*after).into(),
                (*to).into(),
            ];
            sql::execute(&txn, finished, values).await?;
            let free = "UPDATE outbox_leases SET expires_at = $4 \
                        WHERE id = $1 AND holder = $2 AND fence = $3 AND expires_at > $4";
            sql::execute(&txn, free, [(*id).into(), lease.holder.into(), (*fence).into(), now.into()]).await?;
            txn.commit().await?;
        }
        Over::Rows(rows) => {
            let txn = db.begin().await?;
            lock(&txn, lease.mailing, rows).await?;
            let values = [batch(lease.mailing, rows), lease.expires_at.into(), now.into()];
            sql::execute(&txn, &releasing(db.backend()), values).await?;
            txn.commit().await?;
        }
    }
    Ok(())
}

/// Locks leased rows in the order in which everybody does: an UPDATE of many takes them as it finds them. A transaction on SQLite
/// is alone anyway.
async fn lock(txn: &impl ConnectionTrait, mailing: MailingNo, rows: &[(Ordinal, i32)]) -> Result<(), DbErr> {
    if txn.get_database_backend() != DbBackend::Sqlite {
        change::lock(txn, rows.iter().map(|(ordinal, _)| DeliveryKey::new(mailing, *ordinal))).await?;
    }
    Ok(())
}

/// The same for what is being submitted of a range.
async fn lock_begun(txn: &impl ConnectionTrait, lease: &Lease, after: Ordinal, to: Ordinal) -> Result<(), DbErr> {
    let backend = txn.get_database_backend();
    if backend != DbBackend::Sqlite {
        let sql = format!(
            "SELECT 1 FROM deliveries d WHERE d.mailing_no = $1 AND d.lane = $2 AND d.ordinal > $3 AND d.ordinal <= $4 \
                 AND d.state = 'submitting' AND d.attempt = 1 ORDER BY d.ordinal{}",
            dialect::for_update(backend, "d", Locked::Wait)
        );
        let values = [lease.mailing.into(), lease.lane.clone().into(), after.into(), to.into()];
        sql::execute(txn, &sql, values).await?;
    }
    Ok(())
}

/// Moves the deadline of leased rows, `$1`, from `$2` to `$3`: of those that wait and of those that are being submitted.
pub(crate) fn renewing(backend: DbBackend) -> String {
    format!(
        "UPDATE deliveries SET due_at = $3 FROM {} \
         WHERE deliveries.mailing_no = v.mailing_no AND deliveries.ordinal = v.ordinal AND due_at = $2 \
           AND (state = 'deferred' AND deliveries.attempt = v.attempt \
                OR state = 'submitting' AND deliveries.attempt = v.attempt + 1)",
        table(backend, 1)
    )
}

/// Makes leased rows, `$1`, that still wait for the deadline `$2` due at `$3`.
pub(crate) fn releasing(backend: DbBackend) -> String {
    format!(
        "UPDATE deliveries SET due_at = $3 FROM {} \
         WHERE deliveries.mailing_no = v.mailing_no AND deliveries.ordinal = v.ordinal AND due_at = $2 \
           AND state = 'deferred' AND deliveries.attempt = v.attempt",
        table(backend, 1)
    )
}

/// Leased rows as a table.
///
/// Each names its mailing, although it is the same for all: joined by the ordinal alone, SQLite reads the whole mailing
/// and looks for each of its rows in the table.
pub(crate) fn table(backend: DbBackend, parameter: u8) -> String {
    const COLUMNS: &[Column] = &[("mailing_no", "bigint"), ("ordinal", "bigint"), ("attempt", "integer")];
    dialect::rows(backend, parameter, COLUMNS)
}

/// Leased rows as a parameter.
pub(crate) fn batch(mailing: MailingNo, rows: &[(Ordinal, i32)]) -> Value {
    let row =
        |(ordinal, attempt): &(Ordinal, i32)| json!({"mailing_no": mailing, "ordinal": ordinal, "attempt": attempt});
    dialect::json(&rows.iter().map(row).collect::<Vec<_>>())
}
