//! Reports that were here before.

use chrono::{DateTime, Utc};
use domain::DeliveryKey;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};

/// Whether this report about this delivery is here for the first time.
pub(super) async fn is_news(
    txn: &DatabaseTransaction,
    key: DeliveryKey,
    digest: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let sql = "INSERT INTO report_digests (mailing_no, ordinal, digest, seen_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    let values = [key.mailing.into(), key.ordinal.into(), digest.to_vec().into(), now.into()];
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    Ok(txn.execute_raw(statement).await?.rows_affected() == 1)
}
