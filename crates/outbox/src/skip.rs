use database::Database;
use domain::{DeliveryKey, InstanceId, MailingNo};
use sea_orm::ConnectionTrait;

use crate::change::{self, Change, Row};
use crate::counts::COMMON_SHARD;
use crate::dialect::{self, Locked};
use crate::state::{Event, InvalidTransition};
use crate::{Error, sql};

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
        change::write(&txn, shard, &changes).await?;
        txn.commit().await?;
        skipped += u64::try_from(changes.len()).unwrap_or(u64::MAX);
    }
    Ok(skipped)
}

/// Skips up to `limit` of what still waits in a mailing, for one reason: a cancelled campaign's rest. Says how many were
/// skipped: if as many as `limit`, there may be more.
///
/// One call is one short transaction. The mailing is best closed first, so that nothing is begun in the meantime.
pub async fn skip_rest(db: &Database, mailing: MailingNo, why: &str, limit: u32) -> Result<u64, Error> {
    let txn = db.begin().await?;
    let waiting = format!(
        "SELECT {} FROM deliveries d WHERE d.mailing_no = $1 AND d.state IN ('queued', 'deferred') \
         ORDER BY d.ordinal LIMIT $2{}",
        change::COLUMNS,
        dialect::for_update(txn.get_database_backend(), "d", Locked::Wait)
    );
    let rows: Vec<Row> = sql::all(&txn, &waiting, [mailing.into(), i64::from(limit).into()]).await?;
    let skip = |row: &Row| {
        let to = row.state.after(Event::Skip)?;
        Ok(Change { why: Some(why.to_owned()), ..Change::new(row.key(), row.state, to) })
    };
    let changes: Vec<Change> = rows.iter().map(skip).collect::<Result<_, InvalidTransition>>()?;
    change::write(&txn, COMMON_SHARD, &changes).await?;
    txn.commit().await?;
    Ok(u64::try_from(changes.len()).unwrap_or(u64::MAX))
}
