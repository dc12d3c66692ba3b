use chrono::{DateTime, Utc};
use domain::{BrandId, SubscriberId, TopicId};
use sea_orm::sea_query::SelectStatement;

/// Everybody who may get a campaign about `topic`, in the order of their ids: the columns `subscriber_id` and `lane`.
///
/// `after` is the last subscriber of the chunk before; `limit` bounds the chunk.
pub fn audience(
    brand: BrandId,
    topic: TopicId,
    after: Option<SubscriberId>,
    limit: u64,
    now: DateTime<Utc>,
) -> SelectStatement {
    let _ = (brand, topic, after, limit, now);
    todo!()
}
