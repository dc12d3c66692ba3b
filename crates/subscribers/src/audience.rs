use chrono::{DateTime, Utc};
use domain::{BrandId, MailKind, SubscriberId, TopicId};
use sea_orm::ColumnTrait;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};

use crate::conditions;
use crate::entity::{subscriber, subscription};
use crate::may_be_mailed::rule;

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
    let rule = rule(MailKind::Campaign);
    let mut select = Query::select();
    select
        .expr_as(subscriber::Column::Id.into_expr(), Alias::new("subscriber_id"))
        .expr_as(subscriber::Column::Provider.into_expr(), Alias::new("lane"))
        // The topic's subscriptions lead: an index holds them in this very order.
        .from(subscription::Entity)
        .inner_join(
            subscriber::Entity,
            subscriber::Column::Id.into_expr().eq(subscription::Column::SubscriberId.into_expr()),
        )
        .and_where(subscription::Column::TopicId.eq(topic))
        .cond_where(conditions::holds(now))
        .and_where(Expr::exists(conditions::suppressions(brand, rule.bars)).not())
        .order_by((subscription::Entity, subscription::Column::SubscriberId), Order::Asc)
        .limit(limit);
    if rule.pause_bars {
        select.and_where(Expr::exists(conditions::pauses(brand, now)).not());
    }
    if let Some(after) = after {
        select.and_where(subscription::Column::SubscriberId.gt(after));
    }
    select
}
