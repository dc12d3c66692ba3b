use chrono::{DateTime, Utc};
use database::sql;
use domain::SubscriberId;
use sea_orm::{ConnectionTrait, DbErr};

/// Whether something newer than this time is known of a person: they opted in or out, or a suppression of theirs was lifted. What was
/// said of them before is nothing to act on any more. Whether they may be counted says nothing about their mail.
pub async fn is_overtaken(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    at: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let newer = "SELECT 1 FROM consent_events WHERE subscriber_id = $1 AND at > $2 \
                   AND act NOT IN ('tracking_allowed', 'tracking_withdrawn') \
                 UNION ALL SELECT 1 FROM suppressions s JOIN subscriber_hashes h ON h.hash = s.hash \
                 WHERE h.subscriber_id = $1 AND s.lifted_at > $2 LIMIT 1";
    Ok(sql::row(conn, newer, [subscriber.into(), at.into()]).await?.is_some())
}
