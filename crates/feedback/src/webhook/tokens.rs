//! What is good once, and was here.

use chrono::{DateTime, TimeDelta, Utc};
use database::sql;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

use super::proof::Once;
use crate::process::sha256;

/// For how long a token is known: longer than any request is taken after it was signed.
const KNOWN: TimeDelta = TimeDelta::days(2);

/// Whether it is here for the first time. Known only once the transaction is committed.
pub(crate) async fn is_news(txn: &DatabaseTransaction, once: &Once, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let sql = "INSERT INTO webhook_tokens (digest, seen_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(sql::execute(txn, sql, [sha256(&[&once.0]).into(), now.into()]).await? == 1)
}

/// Forgets up to `limit` tokens that are too old to be good once more, and says how many.
pub async fn forget_tokens(conn: &impl ConnectionTrait, limit: u64, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let sql = "DELETE FROM webhook_tokens WHERE digest IN \
                 (SELECT digest FROM webhook_tokens WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)";
    sql::execute(conn, sql, [(now - KNOWN).into(), limit.into()]).await
}
