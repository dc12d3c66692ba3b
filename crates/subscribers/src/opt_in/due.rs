use chrono::{DateTime, Duration, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::{Actor, BrandId, MailKind, OptInId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationDef,
};

use super::ask::topics_of;
use super::{State, mail};
use crate::consent::{self, Act, Entry};
use crate::entity::{opt_in, subscriber};
use crate::may_be_mailed::rule;
use crate::subscription::{self, Event, Step, StepError};
use crate::{Basis, Error, Evidence, conditions, health};

/// Asks once more whoever has not answered for a day, and mails what had to wait for its day; `limit` of each brand in one
/// go. Says how many mails were queued. Whoever calls it holds `lease`, one role for all instances.
pub async fn remind_due(db: &Database, lease: &Lease, limit: u64, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut queued = 0;
    for brand in brands::list(db.reader()).await? {
        for id in due(db.reader(), brand.id, limit, now).await? {
            queued += u64::from(remind(db, lease, id, now).await?);
        }
    }
    Ok(queued)
}

/// Requests that a mail is due for and that nothing bars it from.
async fn due(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<Vec<OptInId>, DbErr> {
    let yesterday = now - Duration::days(1);
    let unanswered = opt_in::Column::MailedAt.lte(yesterday).and(opt_in::Column::RemindedAt.is_null());
    // The same person's other requests: one mail a day.
    let other = Alias::new("other");
    let column = |column| Expr::col((other.clone(), column));
    let asked_today = Query::select()
        .expr(Expr::val(1))
        .from_as(opt_in::Entity, other.clone())
        .and_where(column(opt_in::Column::SubscriberId).eq(opt_in::Column::SubscriberId.into_expr()))
        .and_where(column(opt_in::Column::MailedAt).gt(yesterday).or(column(opt_in::Column::RemindedAt).gt(yesterday)))
        .take();
    let barred = conditions::suppressions(brand, rule(MailKind::Reminder).bars);
    opt_in::Entity::find()
        .select_only()
        .column(opt_in::Column::Id)
        .join(JoinType::InnerJoin, with_subscriber())
        .filter(opt_in::Column::BrandId.eq(brand))
        .filter(opt_in::Column::State.eq(State::Pending))
        .filter(opt_in::Column::ExpiresAt.gt(now))
        .filter(Condition::any().add(opt_in::Column::MailedAt.is_null()).add(unanswered))
        .filter(Expr::exists(asked_today).not())
        .filter(Expr::exists(barred).not())
        .order_by_asc(opt_in::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(conn)
        .await
}

fn with_subscriber() -> RelationDef {
    opt_in::Entity::belongs_to(subscriber::Entity).from(opt_in::Column::SubscriberId).to(subscriber::Column::Id).into()
}

async fn remind(db: &Database, lease: &Lease, id: OptInId, now: DateTime<Utc>) -> Result<bool, Error> {
    let txn = lease::begin(db, lease, now).await?;
    let Some(before) = opt_in::Entity::find_by_id(id).one(&txn).await? else { return Ok(false) };
    let Some(person) = health::lock(&txn, before.subscriber_id).await? else { return Ok(false) };
    let row = opt_in::Entity::find_by_id(id).one(&txn).await?.filter(|row| row.state == State::Pending);
    let queued = match row {
        Some(row) if row.mailed_at.is_none() => mail::question(&txn, &person, &row, now).await?,
        Some(row) if row.reminded_at.is_none() => mail::reminder(&txn, &person, &row, now).await?,
        _ => false,
    };
    txn.commit().await?;
    Ok(queued)
}

/// Ends what nobody confirmed in time, and forgets what was told with it; at most `limit` in one go. Says how many requests
/// ended. Whoever calls it holds `lease`, one role for all instances.
pub async fn expire_due(db: &Database, lease: &Lease, limit: u64, now: DateTime<Utc>) -> Result<u64, Error> {
    let over: Vec<OptInId> = opt_in::Entity::find()
        .select_only()
        .column(opt_in::Column::Id)
        .filter(opt_in::Column::State.is_in([State::Pending, State::Superseded]))
        .filter(opt_in::Column::ExpiresAt.lte(now))
        .order_by_asc(opt_in::Column::ExpiresAt)
        .limit(limit)
        .into_tuple()
        .all(db.reader())
        .await?;
    let mut ended = 0;
    for id in over {
        ended += u64::from(expire(db, lease, id, now).await?);
    }
    Ok(ended)
}

async fn expire(db: &Database, lease: &Lease, id: OptInId, now: DateTime<Utc>) -> Result<bool, Error> {
    let txn = lease::begin(db, lease, now).await?;
    let Some(before) = opt_in::Entity::find_by_id(id).one(&txn).await? else { return Ok(false) };
    let Some(person) = health::lock(&txn, before.subscriber_id).await? else { return Ok(false) };
    let row = opt_in::ActiveModel {
        state: Set(State::Expired),
        details: Set("{}".to_owned()),
        ..opt_in::ActiveModel::default()
    };
    let ended = opt_in::Entity::update_many()
        .set(row)
        .filter(opt_in::Column::Id.eq(id))
        .filter(opt_in::Column::State.is_in([State::Pending, State::Superseded]))
        .exec(&txn)
        .await?;
    if ended.rows_affected == 0 {
        return Ok(false);
    }
    for topic in topics_of(&txn, id).await? {
        let standing = subscription::find(&txn, person.id, topic.id).await?;
        // A newer request may have given the subscription more time.
        let over = standing.and_then(|row| row.expires_at).is_some_and(|end| end <= now);
        if !over {
            continue;
        }
        match subscription::take(&txn, person.id, topic.id, Step::new(Event::Expire), now).await {
            Ok(true) => {}
            Ok(false) | Err(StepError::Refused(_)) => continue,
            Err(StepError::Database(error)) => return Err(error.into()),
        }
        let entry = Entry {
            act: Act::Expired,
            subscriber: person.id,
            email: &person.email,
            brand: topic.brand,
            topic: topic.id,
            form: None,
            opt_in: Some(id),
            basis: Basis::Consent,
            source: None,
            note: None,
            actor: &Actor::System,
            evidence: &Evidence::none(),
        };
        consent::record(&txn, entry, now).await?;
    }
    txn.commit().await?;
    Ok(true)
}
