use chrono::{DateTime, Utc};
use domain::SubscriberId;
use sea_orm::ConnectionTrait;

use crate::Error;

/// Erases a person from the queue: what waits is skipped, and what was sent no longer says to whom. In the caller's
/// transaction.
pub async fn forget(conn: &impl ConnectionTrait, subscriber: SubscriberId, now: DateTime<Utc>) -> Result<(), Error> {
    let _ = (conn, subscriber, now);
    todo!()
}
