use domain::SubscriberId;
use sea_orm::{ConnectionTrait, Statement};

use crate::Error;

/// Erases a person from the facts, which still count. In the caller's transaction.
pub async fn forget(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<(), Error> {
    let sql = "UPDATE facts SET subscriber_id = NULL, detail = NULL WHERE subscriber_id = $1";
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, [subscriber.into()])).await?;
    Ok(())
}
