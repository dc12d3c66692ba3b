//! Reports that were here before.

use chrono::{DateTime, TimeDelta, Utc};
use database::sql;
use domain::DeliveryKey;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};

/// For how long a report is known. A mail server that was not answered gives up after five days (RFC 5321 §4.5.4.1).
const KNOWN: TimeDelta = TimeDelta::days(30);

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
    Ok(sql::execute(txn, sql, values).await? == 1)
}

/// Forgets up to `limit` reports that came more than 30 days ago, and says how many: none of them comes again. What they did
/// stays done.
pub async fn forget_reports(conn: &impl ConnectionTrait, limit: u64, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let sql = "DELETE FROM report_digests WHERE (mailing_no, ordinal, digest) IN \
                 (SELECT mailing_no, ordinal, digest FROM report_digests WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)";
    sql::execute(conn, sql, [(now - KNOWN).into(), limit.into()]).await
}
