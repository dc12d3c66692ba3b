use chrono::{DateTime, Utc};
use database::{Writes, sql};
use domain::{DeliveryKey, Ordinal};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult};

use crate::counts::Deltas;
use crate::lease::{self, Over};
use crate::{Error, Lease, State, dialect, turn};

/// A delivery that may now be offered to a relay.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Submitted {
    /// Which one.
    pub key: DeliveryKey,
    /// Which attempt it is, counted from 1; the answer names it.
    pub attempt: i32,
    /// The how manieth try with a relay it is, counted from 1: attempts at which none was offered the message do not count.
    pub tries: i32,
}

#[derive(FromQueryResult)]
struct Row {
    ordinal: Ordinal,
    attempt: i32,
    offers: i32,
}

/// Writes down, before MAIL FROM, that these deliveries of a claimed batch are being submitted: once the caller's transaction
/// has committed, and not before, they may be sent.
///
/// Only those that come back may be sent. The others were taken, skipped or erased meanwhile; if none comes back, the lease
/// has ended or the mailing is held. Until the lease's end an answer is waited for; then [`reap`](crate::reap) finds them.
pub async fn submit(
    txn: &impl ConnectionTrait,
    lease: &Lease,
    keys: &[DeliveryKey],
    now: DateTime<Utc>,
) -> Result<Vec<Submitted>, Error> {
    let mut writes = Writes::new();
    let turn = turn(txn, lease.holder, &[], &[(lease, keys.to_vec())], &mut writes, now).await?;
    writes.run(txn).await?;
    Ok(turn.submitted.concat())
}

/// Takes deliveries whose rows are locked.
pub(crate) async fn write(
    txn: &impl ConnectionTrait,
    lease: &Lease,
    keys: &[DeliveryKey],
    deltas: &mut Deltas,
    now: DateTime<Utc>,
) -> Result<Vec<Submitted>, Error> {
    let ordinals: Vec<Ordinal> =
        keys.iter().filter(|key| key.mailing == lease.mailing).map(|key| key.ordinal).collect();
    if ordinals.is_empty() {
        return Ok(Vec::new());
    }
    let (from, mut rows) = match &lease.over {
        Over::Range { id, fence, .. } => (State::Queued, range(txn, lease, *id, *fence, &ordinals, now).await?),
        // Each row's due time is the lease's end, and nobody else gets it before that.
        Over::Rows(_) if lease.expires_at <= now => (State::Deferred, Vec::new()),
        Over::Rows(leased) => {
            let leased: Vec<_> = leased.iter().copied().filter(|(ordinal, _)| ordinals.contains(ordinal)).collect();
            (State::Deferred, again(txn, lease, &leased).await?)
        }
    };
    deltas.moved(lease.mailing, from, State::Submitting, i64::try_from(rows.len()).unwrap_or(i64::MAX));
    rows.sort_unstable_by_key(|row| row.ordinal);
    let submitted = |row: Row| Submitted {
        key: DeliveryKey::new(lease.mailing, row.ordinal),
        attempt: row.attempt,
        tries: row.offers + 1,
    };
    Ok(rows.into_iter().map(submitted).collect())
}

/// First attempts, from a range.
async fn range(
    txn: &impl ConnectionTrait,
    lease: &Lease,
    id: i64,
    fence: i64,
    ordinals: &[Ordinal],
    now: DateTime<Utc>,
) -> Result<Vec<Row>, DbErr> {
    let ours = dialect::numbers(txn.get_database_backend(), 2);
    let sql = format!(
        "UPDATE deliveries SET state = 'submitting', attempt = attempt + 1, \
             due_at = (SELECT o.expires_at FROM outbox_leases o WHERE o.id = $3) \
         WHERE mailing_no = $1 AND ordinal IN {ours} AND state = 'queued' \
           AND EXISTS (SELECT 1 FROM outbox_leases o WHERE o.id = $3 AND o.holder = $4 AND o.fence = $5 \
               AND o.expires_at > $6 AND o.mailing_no = $1 AND o.lane = deliveries.lane \
               AND deliveries.ordinal > o.after_ordinal AND deliveries.ordinal <= o.to_ordinal) \
           AND EXISTS (SELECT 1 FROM mailings m WHERE m.no = $1 AND m.state = 'open') \
         RETURNING ordinal, attempt, 0 AS offers"
    );
    let values =
        [lease.mailing.into(), dialect::json(&ordinals), id.into(), lease.holder.into(), fence.into(), now.into()];
    sql::all(txn, &sql, values).await
}

/// Further attempts, of rows that were deferred.
async fn again(txn: &impl ConnectionTrait, lease: &Lease, leased: &[(Ordinal, i32)]) -> Result<Vec<Row>, DbErr> {
    let values = [lease.mailing.into(), lease::batch(lease.mailing, leased), lease.expires_at.into()];
    sql::all(txn, &resubmitting(txn.get_database_backend()), values).await
}

/// Begins another attempt at the rows `$2` of the mailing `$1` that are leased until `$3`.
pub(crate) fn resubmitting(backend: DbBackend) -> String {
    format!(
        "UPDATE deliveries SET state = 'submitting', attempt = deliveries.attempt + 1 FROM {} \
         WHERE deliveries.mailing_no = v.mailing_no AND deliveries.ordinal = v.ordinal \
           AND deliveries.attempt = v.attempt AND state = 'deferred' AND due_at = $3 \
           AND EXISTS (SELECT 1 FROM mailings m WHERE m.no = $1 AND m.state = 'open') \
         RETURNING deliveries.ordinal, deliveries.attempt, \
             (SELECT CAST(COUNT(*) AS integer) FROM attempts a WHERE a.mailing_no = deliveries.mailing_no \
                 AND a.ordinal = deliveries.ordinal AND a.offered) AS offers",
        lease::table(backend, 2)
    )
}
