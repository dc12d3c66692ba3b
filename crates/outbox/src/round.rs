//! Whether a transaction was committed whose COMMIT was sent and never answered.
//!
//! Who has lost that answer must neither write everything again, for facts and failures would count twice, nor think it lost, for
//! what was to be submitted would wait for a worker who never heard of it. So a sender's transaction carries its own number, and
//! the number is there afterwards or it is not. The server's word on the transaction (`pg_xact_status`) would not do: a replica
//! that takes over may use the same transaction id again.

use database::{Database, sql};
use domain::InstanceId;
use sea_orm::{ConnectionTrait, DbErr};

use crate::Error;

/// Numbers the caller's transaction, as the last thing that is written in it. A holder never uses a number twice.
pub async fn seal(txn: &impl ConnectionTrait, holder: InstanceId, no: i64) -> Result<(), Error> {
    let sql =
        "INSERT INTO outbox_rounds (holder, no) VALUES ($1, $2) ON CONFLICT (holder) DO UPDATE SET no = excluded.no";
    sql::execute(txn, sql, [holder.into(), no.into()]).await?;
    Ok(())
}

/// Whether the transaction of this number, the last that the holder has sealed, was committed. Where the server is still at it,
/// this waits until it is done: both want the same row.
pub async fn is_sealed(db: &Database, holder: InstanceId, no: i64) -> Result<bool, Error> {
    let sql = "INSERT INTO outbox_rounds (holder, no) VALUES ($1, 0) \
               ON CONFLICT (holder) DO UPDATE SET no = outbox_rounds.no RETURNING no";
    let row = sql::row(db.writer(), sql, [holder.into()]).await?.ok_or(DbErr::RecordNotInserted)?;
    Ok(row.try_get::<i64>("", "no")? == no)
}

/// The holder is done.
pub async fn forget(db: &Database, holder: InstanceId) -> Result<(), Error> {
    sql::execute(db.writer(), "DELETE FROM outbox_rounds WHERE holder = $1", [holder.into()]).await?;
    Ok(())
}
