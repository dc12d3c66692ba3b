//! People who asked, or were asked, and never confirmed: they are not kept for ever.

use chrono::{DateTime, Utc};
use domain::{Actor, SubscriberId};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};

use crate::consent::Act;
use crate::entity::subscription::{Column, Entity};
use crate::entity::{consent_event, topic};
use crate::subscription::State;
use crate::{Error, erase, health};

/// Those whose requests ended before a time, all of them and unconfirmed, who never confirmed anything before and left
/// nothing; in the order of their ids, `limit` behind `after`.
pub async fn due(
    conn: &impl ConnectionTrait,
    before: DateTime<Utc>,
    after: Option<SubscriberId>,
    limit: u64,
) -> Result<Vec<SubscriberId>, DbErr> {
    let mut due = over(before);
    if let Some(after) = after {
        due = due.filter(Column::SubscriberId.gt(after));
    }
    due.distinct().order_by_asc(Column::SubscriberId).limit(limit).into_tuple().all(conn).await
}

/// Deletes a person who is due still, with all that names them, and says whether, in the caller's transaction. Unlike
/// [`erase`](crate::erase()) it suppresses nobody, for nobody said that they want no mail; a suppression that stands, stays.
///
/// Whoever is not due stays locked until the transaction ends. What other crates keep beside (returned mail, the audit log) is
/// for the caller to forget in the same transaction.
pub async fn forget(
    txn: &DatabaseTransaction,
    subscriber: SubscriberId,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(person) = health::lock_whole(txn, subscriber).await? else { return Ok(false) };
    let mine = over(before).filter(Column::SubscriberId.eq(subscriber)).limit(1);
    if mine.into_tuple::<SubscriberId>().one(txn).await?.is_none() {
        return Ok(false);
    }
    erase::scrub(txn, &person, &Actor::rule("retention.unconfirmed"), now).await?;
    Ok(true)
}

fn over(before: DateTime<Utc>) -> Select<Entity> {
    let theirs = || Expr::col((Entity, Column::SubscriberId));
    let other = Alias::new("other");
    let column = |column| Expr::col((other.clone(), column));
    let other = Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, other.clone())
        .and_where(column(Column::SubscriberId).eq(theirs()))
        .and_where(column(Column::State).ne(State::Expired).or(column(Column::ExpiresAt).gt(before)))
        .take();
    // A later request takes the earlier confirmation from the row, never from the ledger.
    let said_yes = Query::select()
        .expr(Expr::val(1))
        .from(consent_event::Entity)
        .and_where(consent_event::Column::SubscriberId.into_expr().eq(theirs()))
        .and_where(consent_event::Column::Act.is_in([Act::Confirmed, Act::Vouched]))
        .take();
    Entity::find()
        .select_only()
        .column(Column::SubscriberId)
        // The index begins with the topic; to name them all is to use it.
        .filter(Column::TopicId.in_subquery(Query::select().column(topic::Column::Id).from(topic::Entity).take()))
        .filter(Column::State.eq(State::Expired))
        .filter(Column::ExpiresAt.lte(before))
        .filter(Expr::exists(other).not())
        .filter(Expr::exists(said_yes).not())
}
