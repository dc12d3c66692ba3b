//! Whether a transaction was committed whose COMMIT was sent and never answered.
//!
//! Who has lost that answer must neither write everything again, for facts and failures would count twice, nor think it lost, for
//! what was to be submitted would wait for a worker who never heard of it. So a sender's transaction carries its own number, and
//! the number is there afterwards or it is not. The server's word on the transaction (`pg_xact_status`) would not do: a replica
//! that takes over may use the same transaction id again.

use chrono::{DateTime, TimeDelta, Utc};
use database::{Database, Writes, sql};
use domain::InstanceId;
use sea_orm::{ConnectionTrait, DbErr};

use crate::Error;

/// How long it is known that a round was committed. Whoever lost the answer asks as soon as the database answers again, so it must
/// outlast any time that a database is away while senders wait for it; a row takes next to no room, so there is no hurry.
const KNOWN: TimeDelta = TimeDelta::days(30);

/// Adds the number of the caller's transaction, above 0, to what is to be written in it. A holder's numbers rise; one that was
/// [asked for](is_sealed) and not there cannot be written any more.
pub fn seal(writes: &mut Writes, holder: InstanceId, no: i64, now: DateTime<Utc>) {
    let sql = "INSERT INTO outbox_rounds (holder, no, sealed_at) VALUES ($1, $2, $3) \
               ON CONFLICT (holder) DO UPDATE SET no = excluded.no, sealed_at = excluded.sealed_at \
               WHERE ABS(outbox_rounds.no) < excluded.no";
    writes.add_exactly(1, sql, [holder.into(), no.into(), now.into()]);
}

/// Whether the transaction of this number, the last that the holder has sealed, was committed. If not, it never is: it is
/// voided, by the number's negative, because the server may still be at a statement whose client is gone. Where that has
/// sealed its number already, this waits until it is done: both want the same row.
pub async fn is_sealed(db: &Database, holder: InstanceId, no: i64, now: DateTime<Utc>) -> Result<bool, Error> {
    let sql = "INSERT INTO outbox_rounds (holder, no, sealed_at) VALUES ($1, -CAST($2 AS bigint), $3) ON CONFLICT (holder) \
               DO UPDATE SET no = CASE WHEN outbox_rounds.no = $2 THEN outbox_rounds.no ELSE -CAST($2 AS bigint) END RETURNING no";
    let values = [holder.into(), no.into(), now.into()];
    let row = sql::row(db.writer(), sql, values).await?.ok_or(DbErr::RecordNotInserted)?;
    Ok(row.try_get::<i64>("", "no")? == no)
}

/// The holder is done. A round that is void stays so until [`sweep`] takes it: the server may still be at it.
pub async fn forget(db: &Database, holder: InstanceId) -> Result<(), Error> {
    sql::execute(db.writer(), "DELETE FROM outbox_rounds WHERE holder = $1 AND no > 0", [holder.into()]).await?;
    Ok(())
}

/// Forgets the rounds of whoever has sealed none for 30 days, and says how many: as a rule they were killed, for who ends in good
/// order is [done](forget). Whoever is there still and seals one again is known again.
pub async fn sweep(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<u64, DbErr> {
    sql::execute(conn, "UPDATE outbox_rounds SET sealed_at = $1 WHERE sealed_at IS NULL", [now.into()]).await?;
    sql::execute(conn, "DELETE FROM outbox_rounds WHERE sealed_at < $1", [(now - KNOWN).into()]).await
}
