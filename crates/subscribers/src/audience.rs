use chrono::{DateTime, Utc};
use domain::{BrandId, MailKind, SubscriberId, TopicId};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use crate::conditions;
use crate::entity::{subscriber, subscription};
use crate::may_be_mailed::rule;
use crate::subscription::State;

/// A piece of an audience.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The last subscriber before it.
    pub after: Option<SubscriberId>,
    /// Its last subscriber, if it has one: see [`page_end`].
    pub to: Option<SubscriberId>,
    /// How many there may be in it.
    pub limit: u64,
    /// Only those who have shown since then that they want our mail.
    pub engaged_since: Option<DateTime<Utc>>,
}

/// The last of the next `size` subscribers of a topic behind `after`, whether they may be mailed or not: where a piece ends of which only
/// some are wanted. Nothing if there are fewer.
pub async fn page_end(
    conn: &impl ConnectionTrait,
    topic: TopicId,
    after: Option<SubscriberId>,
    size: u64,
) -> Result<Option<SubscriberId>, DbErr> {
    subscription::Entity::find()
        .select_only()
        .column(subscription::Column::SubscriberId)
        .filter(subscription::Column::TopicId.eq(topic))
        .filter(subscription::Column::State.eq(State::Confirmed))
        .apply_if(after, |query, after| query.filter(subscription::Column::SubscriberId.gt(after)))
        .order_by_asc(subscription::Column::SubscriberId)
        .offset(size.saturating_sub(1))
        .limit(1)
        .into_tuple()
        .one(conn)
        .await
}

/// Everybody in a piece who may get a campaign about `topic`, in the order of their ids: the columns `subscriber_id` and `lane`.
pub fn audience(brand: BrandId, topic: TopicId, page: Page, now: DateTime<Utc>) -> SelectStatement {
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
        .limit(page.limit);
    if rule.pause_bars {
        select.and_where(Expr::exists(conditions::pauses(brand, now)).not());
    }
    if let Some(after) = page.after {
        select.and_where(subscription::Column::SubscriberId.gt(after));
    }
    if let Some(to) = page.to {
        select.and_where(subscription::Column::SubscriberId.lte(to));
    }
    if let Some(since) = page.engaged_since {
        select.and_where(Expr::exists(activity::engaged_since(subscriber::Column::Id.into_expr(), since)));
    }
    select
}
