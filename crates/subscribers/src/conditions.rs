//! What stands between a person and a mail, as SQL. *May be mailed* and the audience are both made of these.

use chrono::{DateTime, Utc};
use domain::{BrandId, TopicId};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use crate::entity::{opt_in, pause, subscriber, subscriber_hash, subscription, suppression, topic};
use crate::subscription::State;
use crate::suppression::Reason;

/// A row of `subscriptions` under which the person may be written to: confirmed, on a basis that still holds.
pub(crate) fn holds(now: DateTime<Utc>) -> Condition {
    let no_end = subscription::Column::ExpiresAt.is_null();
    Condition::all()
        .add(subscription::Column::State.eq(State::Confirmed))
        .add(no_end.or(subscription::Column::ExpiresAt.gt(now)))
}

/// The subscriptions that hold of the person of a row of `subscribers`: to the topic, or to any of the brand's.
pub(crate) fn subscriptions(brand: BrandId, topic: Option<TopicId>, now: DateTime<Utc>) -> SelectStatement {
    let mut select = subscription::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(subscription::Column::SubscriberId.into_expr().eq(subscriber_id()))
        .filter(holds(now));
    select = match topic {
        Some(topic) => select.filter(subscription::Column::TopicId.eq(topic)),
        None => select.filter(subscription::Column::TopicId.in_subquery(topics_of(brand))),
    };
    select.into_query()
}

/// The requests at the brand that the person of a row of `subscribers` can still confirm.
pub(crate) fn requests(brand: BrandId, now: DateTime<Utc>) -> SelectStatement {
    opt_in::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(opt_in::Column::SubscriberId.into_expr().eq(subscriber_id()))
        .filter(opt_in::Column::BrandId.eq(brand))
        .filter(opt_in::Column::State.eq(crate::opt_in::State::Pending))
        .filter(opt_in::Column::ExpiresAt.gt(now))
        .into_query()
}

/// The reasons among `bars` for which the address of a row of `subscribers` is suppressed, for the brand or for every one.
pub(crate) fn suppressions(brand: BrandId, bars: &[Reason]) -> SelectStatement {
    Query::select()
        .column((suppression::Entity, suppression::Column::Reason))
        .from(subscriber_hash::Entity)
        .inner_join(
            suppression::Entity,
            suppression::Column::Hash.into_expr().eq(subscriber_hash::Column::Hash.into_expr()),
        )
        .and_where(subscriber_hash::Column::SubscriberId.into_expr().eq(subscriber_id()))
        .and_where(suppression::Column::LiftedAt.is_null())
        .and_where(suppression::Column::Reason.is_in(bars.iter().copied()))
        .and_where(suppression::Column::BrandId.is_null().or(suppression::Column::BrandId.eq(brand)))
        .take()
}

/// The pauses that the person of a row of `subscribers` asked the brand for and that are not over.
pub(crate) fn pauses(brand: BrandId, now: DateTime<Utc>) -> SelectStatement {
    pause::Entity::find()
        .select_only()
        .expr(Expr::val(1))
        .filter(pause::Column::SubscriberId.into_expr().eq(subscriber_id()))
        .filter(pause::Column::BrandId.eq(brand))
        .filter(pause::Column::Until.gt(now))
        .into_query()
}

/// The brand's topics.
pub(crate) fn topics_of(brand: BrandId) -> SelectStatement {
    topic::Entity::find().select_only().column(topic::Column::Id).filter(topic::Column::BrandId.eq(brand)).into_query()
}

fn subscriber_id() -> Expr {
    subscriber::Column::Id.into_expr()
}
