//! A rest from all topics of a brand.

use chrono::{DateTime, Duration, Utc};
use database::Database;
use domain::{Actor, BrandId, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::entity::pause::{ActiveModel, Column, Entity};
use crate::{Error, health};

/// The longest pause, in days. Whoever wants a longer one wants to leave.
pub const LONGEST_DAYS: i64 = 365;

/// Sends the person no campaign of the brand until then, or until the end of a longer pause that stands already: whoever was
/// forwarded a mail can ask for a pause, but must not bring its end nearer. Gives back when it ends; the row keeps whose act
/// that end is. Nothing changes for who is not on file.
pub async fn set(
    db: &Database,
    subscriber: SubscriberId,
    brand: BrandId,
    until: DateTime<Utc>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Error> {
    if until <= now || until > now + Duration::days(LONGEST_DAYS) {
        return Err(Error::Invalid { field: "until", words: "must be a time to come, within a year" });
    }
    let txn = db.begin().await?;
    if health::lock(&txn, subscriber).await?.is_none() {
        return Ok(until);
    }
    if let Some(standing) = self::until(&txn, subscriber, brand, now).await?.filter(|standing| *standing >= until) {
        return Ok(standing);
    }
    let row = ActiveModel {
        subscriber_id: Set(subscriber),
        brand_id: Set(brand),
        until: Set(until),
        set_at: Set(Some(now)),
        set_by: Set(Some(actor.clone())),
        ended_at: Set(None),
        ended_by: Set(None),
    };
    let again = OnConflict::columns([Column::SubscriberId, Column::BrandId])
        .update_columns([Column::Until, Column::SetAt, Column::SetBy, Column::EndedAt, Column::EndedBy])
        .to_owned();
    Entity::insert(row).on_conflict(again).exec_without_returning(&txn).await?;
    txn.commit().await?;
    Ok(until)
}

/// Ends the pause early; the row keeps who did, beside who had asked for it. Ending none is harmless.
pub async fn end(
    db: &Database,
    subscriber: SubscriberId,
    brand: BrandId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let ended = ActiveModel {
        until: Set(now),
        ended_at: Set(Some(now)),
        ended_by: Set(Some(actor.clone())),
        ..ActiveModel::default()
    };
    let standing = Entity::update_many().set(ended).filter(Column::Until.gt(now));
    let of_the_brand = standing.filter(Column::SubscriberId.eq(subscriber)).filter(Column::BrandId.eq(brand));
    of_the_brand.exec(db.writer()).await?;
    Ok(())
}

/// Until when the person asked the brand for a pause; none if they did not, or it is over.
pub(crate) async fn until(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: BrandId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let row = Entity::find_by_id((subscriber, brand)).one(conn).await?;
    Ok(row.map(|row| row.until).filter(|until| *until > now))
}
