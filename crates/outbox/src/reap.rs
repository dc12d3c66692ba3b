mod lane;

use chrono::{DateTime, Utc};
use database::{Database, sql};
use domain::InstanceId;
use sea_orm::{DatabaseTransaction, DbBackend, Value};

use crate::change::{self, Change, Row};
use crate::dialect::{self, Locked};
use crate::state::Event;
use crate::{Error, State, attempt, lease};

#[cfg(test)]
pub(crate) use lane::{settling, unsettled};

/// Whether a further attempt is overdue at `$1`, or by a clock that was set back since: its lease ends later than any can, `$2`. Asked
/// for the ends of an index that holds few: for any row, PostgreSQL would read all that there are before it has statistics of them.
pub(crate) const ANY: &str = "SELECT 1 WHERE (SELECT MIN(again_until) FROM deliveries WHERE again_until IS NOT NULL) <= $1 \
                                          OR (SELECT MAX(again_until) FROM deliveries WHERE again_until IS NOT NULL) > $2";

/// Rows in one transaction.
const BATCH: usize = 500;

/// Finds the deliveries whose worker let its lease end in the middle of submitting them (or took it by a clock that was set back
/// since), and holds them as in doubt, unless something has come back that proves them sent. Says how many it found.
///
/// First attempts are looked for between what is settled of a lane and its mark, where else nothing can be under way; further
/// ones by an index that holds nothing else. An index over all that is being submitted would have to be written twice for each
/// message, and would keep PostgreSQL from changing the row in place.
pub async fn reap(db: &Database, shard: InstanceId, now: DateTime<Utc>) -> Result<u64, Error> {
    let latest = lease::latest(now);
    let mut reaped = 0;
    let lanes = lane::look(db, now).await?;
    for lane in lanes.iter().filter(|lane| lane.is_overdue()) {
        let which = [lane.mailing_no.into(), lane.lane.clone().into(), lane.settled.into(), lane.mark.into()];
        let values: Vec<Value> = [now.into(), latest.into()].into_iter().chain(which).collect();
        while batch(db, shard, &finding(db.backend()), &values, now, &mut reaped).await? {}
    }
    lane::settle(db, &lanes).await?;
    let values = [now.into(), latest.into()];
    while sql::row(db.reader(), ANY, values.clone()).await?.is_some()
        && batch(db, shard, &finding_again(db.backend()), &values, now, &mut reaped).await?
    {}
    Ok(reaped)
}

/// Holds some of those that `finding` finds, and says whether there may be more.
async fn batch(
    db: &Database,
    shard: InstanceId,
    finding: &str,
    values: &[Value],
    now: DateTime<Utc>,
    reaped: &mut u64,
) -> Result<bool, Error> {
    let txn = db.begin().await?;
    let rows: Vec<Row> = sql::all(&txn, finding, values.iter().cloned()).await?;
    hold(&txn, shard, &rows, now).await?;
    txn.commit().await?;
    *reaped += u64::try_from(rows.len()).unwrap_or(u64::MAX);
    // What is left is locked by whoever is recording its answer at this moment.
    Ok(rows.len() >= BATCH)
}

async fn hold(txn: &DatabaseTransaction, shard: InstanceId, rows: &[Row], now: DateTime<Utc>) -> Result<(), Error> {
    let (mut changes, mut lost) = (Vec::new(), Vec::new());
    for row in rows {
        let event = if row.is_proved() { Event::Accept } else { Event::Lose };
        let to = row.state.after(event)?;
        let sent_at = (to == State::Sent).then_some(now);
        changes.push(Change { sent_at, ..Change::new(row.key(), row.state, to) });
        lost.push((row.key(), row.attempt, to));
    }
    attempt::lose(txn, &lost, now).await?;
    change::count(txn, shard, &changes).await?;
    Ok(())
}

/// Locks deliveries of the lane `$4` of the mailing `$3`, between two ordinals, whose lease was over at `$1`, or ends later than
/// any can, `$2`.
pub(crate) fn finding(backend: DbBackend) -> String {
    format!(
        "SELECT {} FROM deliveries d WHERE d.mailing_no = $3 AND d.lane = $4 AND d.ordinal > $5 AND d.ordinal <= $6 \
             AND d.state = 'submitting' AND (d.due_at <= $1 OR d.due_at > $2) \
         ORDER BY d.ordinal LIMIT {BATCH}{}",
        change::COLUMNS,
        dialect::for_update(backend, "d", Locked::Skip)
    )
}

/// The same for further attempts, of all lanes.
pub(crate) fn finding_again(backend: DbBackend) -> String {
    format!(
        "SELECT {} FROM deliveries d WHERE d.again_until <= $1 OR d.again_until > $2 \
         ORDER BY d.again_until LIMIT {BATCH}{}",
        change::COLUMNS,
        dialect::for_update(backend, "d", Locked::Skip)
    )
}
