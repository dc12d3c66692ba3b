use database::Database;
use domain::{DeliveryKey, InstanceId, MailingNo};

use crate::Error;

/// Skips deliveries that may not be sent, each with the reason. What was begun is left alone. Says how many were skipped.
pub async fn skip(db: &Database, shard: InstanceId, deliveries: &[(DeliveryKey, &str)]) -> Result<u64, Error> {
    let _ = (db, shard, deliveries);
    todo!()
}

/// Skips up to `limit` of what still waits in a mailing, for one reason: a cancelled campaign's rest, in short turns until
/// nothing is left. Says how many were skipped.
pub async fn skip_rest(db: &Database, mailing: MailingNo, why: &str, limit: u32) -> Result<u64, Error> {
    let _ = (db, mailing, why, limit);
    todo!()
}
