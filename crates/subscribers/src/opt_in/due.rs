use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::{Actor, OptInId, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::ask::topics_of;
use super::{State, mail};
use crate::consent::{self, Act, Entry};
use crate::entity::opt_in;
use crate::private::Private;
use crate::subscription::{self, Event, Step, StepError};
use crate::{Basis, Error, Evidence, health};

/// Asks once more whoever has not answered for a day, and mails what had to wait for its day; `limit` requests in one go.
/// Says how many mails were queued. What may not be mailed is looked at again a day later. What cannot be read is told once,
/// gets no mail, and ends with its time. Whoever calls it holds `lease`, one role for all instances.
pub async fn remind_due(db: &Database, lease: &Lease, limit: u64, now: DateTime<Utc>) -> Result<u64, Error> {
    let due: Vec<OptInId> = opt_in::Entity::find()
        .select_only()
        .column(opt_in::Column::Id)
        .filter(opt_in::Column::DueAt.lte(now))
        .filter(opt_in::Column::State.eq(State::Pending))
        .filter(opt_in::Column::ExpiresAt.gt(now))
        .order_by_asc(opt_in::Column::DueAt)
        .limit(limit)
        .into_tuple()
        .all(db.reader())
        .await?;
    let mut queued = 0;
    for id in due {
        match remind(db, lease, id, now).await {
            Ok(one) => queued += u64::from(one),
            Err(error) if error.is_of_the_row() => {
                tell(id, &error, "no mail about it goes out, and it ends with its time");
                // Were it due still, it would be told in every round, and enough of them would keep out whoever is behind.
                let txn = lease::begin(db, lease, now).await?;
                mail::nothing(&txn, id).await?;
                txn.commit().await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(queued)
}

async fn remind(db: &Database, lease: &Lease, id: OptInId, now: DateTime<Utc>) -> Result<bool, Error> {
    let txn = lease::begin(db, lease, now).await?;
    let Some(before) = opt_in::Entity::find_by_id(id).one(&txn).await? else { return Ok(false) };
    let Some(person) = health::lock(&txn, before.subscriber_id).await? else { return Ok(false) };
    let row = opt_in::Entity::find_by_id(id).one(&txn).await?;
    let due = |row: &opt_in::Model| row.state == State::Pending && row.due_at.is_some_and(|at| at <= now);
    let Some(row) = row.filter(due) else { return Ok(false) };
    let queued = match (row.mailed_at, row.reminded_at) {
        (None, _) => mail::question(&txn, &person, &row, now).await?,
        (Some(_), None) => mail::reminder(&txn, &person, &row, now).await?,
        (Some(_), Some(_)) => {
            mail::nothing(&txn, id).await?;
            false
        }
    };
    txn.commit().await?;
    Ok(queued)
}

/// Ends what nobody confirmed in time, and forgets what was told with it; at most `limit` in one go. Says how many requests
/// ended. Where the person cannot be read, the request ends by itself, and that is told. Whoever calls it holds `lease`, one
/// role for all instances.
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
        ended += u64::from(match expire(db, lease, id, now).await {
            Err(error) if error.is_of_the_row() => {
                tell(id, &error, "it has ended, and the ledger does not say so");
                let txn = lease::begin(db, lease, now).await?;
                let ended = end(&txn, id).await?;
                txn.commit().await?;
                ended
            }
            one => one?,
        });
    }
    Ok(ended)
}

async fn expire(db: &Database, lease: &Lease, id: OptInId, now: DateTime<Utc>) -> Result<bool, Error> {
    let txn = lease::begin(db, lease, now).await?;
    // No more than whose it is: a row that holds anything unreadable ends like the rest.
    let whose =
        opt_in::Entity::find_by_id(id).select_only().column(opt_in::Column::SubscriberId).into_tuple::<SubscriberId>();
    let Some(whose) = whose.one(&txn).await? else { return Ok(false) };
    let Some(person) = health::lock(&txn, whose).await? else { return Ok(false) };
    if !end(&txn, id).await? {
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
            topic: Some(topic.id),
            form: None,
            opt_in: Some(id),
            basis: Some(Basis::Consent),
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

/// The request alone. Says whether it was open.
async fn end(conn: &impl ConnectionTrait, id: OptInId) -> Result<bool, DbErr> {
    let row = opt_in::ActiveModel {
        state: Set(State::Expired),
        due_at: Set(None),
        details: Set(Private::nothing()),
        ..opt_in::ActiveModel::default()
    };
    let ended = opt_in::Entity::update_many()
        .set(row)
        .filter(opt_in::Column::Id.eq(id))
        .filter(opt_in::Column::State.is_in([State::Pending, State::Superseded]))
        .exec(conn)
        .await?;
    Ok(ended.rows_affected > 0)
}

/// Tells of a row that was passed over. Without the error's sources: they may repeat what the row holds.
fn tell(id: OptInId, error: &Error, what_follows: &str) {
    tracing::error!(opt_in.id = %id, %error, "the request {id} or its person cannot be read; {what_follows}");
}
