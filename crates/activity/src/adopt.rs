use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use crate::dialect;

/// Takes over the facts of a dump that was restored on another PostgreSQL server, and says how many they were.
///
/// A reader goes by the numbers of the transactions that wrote the facts, and those are a server's own: on one that has
/// counted less far, old facts would seem to be of the future, and new ones would be jumped. They get numbers below every
/// transaction's, in the order that they had, and every reader keeps its place. To be called before anything is written;
/// where the facts are this server's own it only looks.
pub async fn adopt(db: &Database) -> Result<u64, DbErr> {
    if db.backend() == DbBackend::Sqlite || !are_foreign(db.reader()).await? {
        return Ok(0);
    }
    let txn = db.begin().await?;
    txn.execute_unprepared(dialect::ALONE).await?;
    // Whoever held the lock before may have done it.
    if !are_foreign(&txn).await? {
        return Ok(0);
    }
    txn.execute_unprepared(dialect::ADOPT_CURSORS).await?;
    let adopted = txn.execute_unprepared(dialect::ADOPT_FACTS).await?.rows_affected();
    txn.commit().await?;
    Ok(adopted)
}

async fn are_foreign(conn: &impl ConnectionTrait) -> Result<bool, DbErr> {
    let statement = Statement::from_string(conn.get_database_backend(), dialect::ARE_FOREIGN);
    conn.query_one_raw(statement).await?.map_or(Ok(false), |row| row.try_get_by_index(0))
}
