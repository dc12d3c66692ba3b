use database::{Database, sql};
use domain::{DeliveryKey, InstanceId, MailingNo, Ordinal};
use sea_orm::{ConnectionTrait, DatabaseTransaction, FromQueryResult};

use crate::Error;
use crate::change::{self, Change, Row};
use crate::counts::COMMON_SHARD;
use crate::dialect::{self, Locked};
use crate::state::Event;

/// Deliveries in one transaction.
const BATCH: usize = 500;

/// Skips deliveries that may not be sent, each with the reason. What was begun is left alone. Says how many were skipped.
pub async fn skip(db: &Database, shard: InstanceId, deliveries: &[(DeliveryKey, &str)]) -> Result<u64, Error> {
    let mut skipped = 0;
    for batch in deliveries.chunks(BATCH) {
        let txn = db.begin().await?;
        let rows = change::lock(&txn, batch.iter().map(|(key, _)| *key)).await?;
        let mut changes: Vec<Change> = batch
            .iter()
            .filter_map(|(key, why)| {
                let from = rows.get(key)?.state;
                let to = from.after(Event::Skip).ok()?;
                Some(Change { why: Some((*why).to_owned()), ..Change::new(*key, from, to) })
            })
            .collect();
        changes.sort_unstable_by_key(|change| change.key);
        changes.dedup_by_key(|change| change.key);
        change::count(&txn, shard, &changes).await?;
        txn.commit().await?;
        skipped += u64::try_from(changes.len()).unwrap_or(u64::MAX);
    }
    Ok(skipped)
}

/// Skips up to `limit` of what still waits in a mailing, for one reason, in the caller's transaction: a cancelled campaign's
/// rest. Says how many were skipped: if as many as `limit`, there may be more.
///
/// Whoever enqueues or claims in the mailing waits until the transaction ends. The mailing is best closed first, so that
/// nothing is begun in the meantime.
pub async fn skip_rest(txn: &DatabaseTransaction, mailing: MailingNo, why: &str, limit: u32) -> Result<u64, Error> {
    let backend = txn.get_database_backend();
    // Whoever enqueues or claims waits for this, so that no mark can pass a row that is not seen here.
    let lanes = dialect::for_update(backend, "l", Locked::Wait);
    let lanes = format!("SELECT l.lane FROM lanes l WHERE l.mailing_no = $1 ORDER BY l.lane{lanes}");
    sql::execute(txn, &lanes, [mailing.into()]).await?;
    let waiting: Vec<Waiting> = sql::all(txn, WAITING, [mailing.into(), i64::from(limit).into()]).await?;
    let rows = change::lock(txn, waiting.iter().map(|row| DeliveryKey::new(mailing, row.ordinal))).await?;
    let skip = |row: &Row| {
        // A worker may have begun it between the look and the lock.
        let to = row.state.after(Event::Skip).ok()?;
        Some(Change { why: Some(why.to_owned()), ..Change::new(row.key(), row.state, to) })
    };
    let changes: Vec<Change> = rows.values().filter_map(skip).collect();
    change::count(txn, COMMON_SHARD, &changes).await?;
    sql::execute(txn, MARKS, [mailing.into()]).await?;
    Ok(u64::try_from(changes.len()).unwrap_or(u64::MAX))
}

#[derive(FromQueryResult)]
struct Waiting {
    ordinal: Ordinal,
}

/// At most `$2` deliveries of the mailing `$1` that wait: deferred, in a lease's range, or behind their lane's mark. To look
/// for them by their state would be to read all that was sent as well, for each piece again; CROSS JOIN keeps SQLite, which
/// takes it for an order, from doing so.
pub(crate) const WAITING: &str = "SELECT w.ordinal FROM ( \
         SELECT d.ordinal FROM deliveries d WHERE d.mailing_no = $1 AND d.rare = 'deferred' \
         UNION ALL \
         SELECT d.ordinal FROM outbox_leases o CROSS JOIN deliveries d \
         WHERE o.mailing_no = $1 AND d.mailing_no = $1 AND d.lane = o.lane AND d.state = 'queued' \
           AND d.ordinal > o.after_ordinal AND d.ordinal <= o.to_ordinal \
         UNION ALL \
         SELECT d.ordinal FROM lanes l CROSS JOIN deliveries d \
         WHERE l.mailing_no = $1 AND d.mailing_no = $1 AND d.lane = l.lane AND d.state = 'queued' \
           AND d.ordinal > l.mark AND d.ordinal <= l.last) AS w \
     LIMIT $2";

/// Moves the marks of the mailing `$1` past what is no longer queued: the next piece begins there.
pub(crate) const MARKS: &str = "UPDATE lanes SET mark = COALESCE( \
         (SELECT MIN(d.ordinal) - 1 FROM deliveries d WHERE d.mailing_no = $1 AND d.lane = lanes.lane \
             AND d.ordinal > lanes.mark AND d.ordinal <= lanes.last AND d.state = 'queued'), last) \
     WHERE mailing_no = $1 AND mark < last";
