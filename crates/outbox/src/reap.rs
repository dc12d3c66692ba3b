use chrono::{DateTime, Utc};
use database::{Database, sql};
use domain::InstanceId;
use sea_orm::{ConnectionTrait, DbBackend};

use crate::change::{self, Change, Row};
use crate::dialect::{self, Locked};
use crate::state::Event;
use crate::{Error, State, attempt, lease};

/// Whether there is anything to do.
pub(crate) const ANY: &str =
    "SELECT 1 FROM deliveries WHERE state = 'submitting' AND (due_at <= $1 OR due_at > $2) LIMIT 1";

/// Rows in one transaction.
const BATCH: usize = 500;

/// Finds the deliveries whose worker let its lease end in the middle of submitting them (or took it by a clock that was set back
/// since), and holds them as in doubt, unless something has come back that proves them sent. Says how many it found.
pub async fn reap(db: &Database, shard: InstanceId, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut reaped = 0;
    while sql::row(db.reader(), ANY, [now.into(), lease::latest(now).into()]).await?.is_some() {
        let txn = db.begin().await?;
        let rows = overdue(&txn, now).await?;
        let (mut changes, mut lost) = (Vec::new(), Vec::new());
        for row in &rows {
            let event = if row.is_proved() { Event::Accept } else { Event::Lose };
            let to = row.state.after(event)?;
            let sent_at = (to == State::Sent).then_some(now);
            changes.push(Change { sent_at, ..Change::new(row.key(), row.state, to) });
            lost.push((row.key(), row.attempt, to));
        }
        attempt::lose(&txn, &lost, now).await?;
        change::count(&txn, shard, &changes).await?;
        txn.commit().await?;
        reaped += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // What is left is locked by whoever is recording its answer at this moment.
        if rows.len() < BATCH {
            break;
        }
    }
    Ok(reaped)
}

async fn overdue(txn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Row>, Error> {
    let sql = finding(txn.get_database_backend());
    Ok(sql::all(txn, &sql, [now.into(), lease::latest(now).into()]).await?)
}

/// Locks deliveries whose lease was over at `$1`, or ends later than any can, `$2`.
pub(crate) fn finding(backend: DbBackend) -> String {
    format!(
        "SELECT {} FROM deliveries d WHERE d.state = 'submitting' AND (d.due_at <= $1 OR d.due_at > $2) \
         ORDER BY d.due_at LIMIT {BATCH}{}",
        change::COLUMNS,
        dialect::for_update(backend, "d", Locked::Skip)
    )
}
