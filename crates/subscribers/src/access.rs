//! Single-use links, mailed to the address itself: whoever follows one reads that mailbox, and may see and erase.

use chrono::{DateTime, Duration, Utc};
use database::Database;
use domain::{AccessId, BrandId, EmailAddress, MailKind, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;

use crate::entity::access_link::{ActiveModel, Column, Entity, Model};
use crate::entity::subscriber;
use crate::{Error, Scope, health, intent, may_be_mailed, opt_in};

/// For how many minutes a link is good.
pub const MINUTES: i64 = 30;

/// How many links an address is mailed in an hour.
const MOST_AN_HOUR: usize = 3;

/// What a link opens.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Whose data.
    pub subscriber: SubscriberId,
    /// On which brand's page.
    pub brand: BrandId,
    /// The next single-use link, for the page's own buttons; it ends when the mailed one would have.
    pub next: AccessId,
}

/// Why a link opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// There is none, or the person is gone.
    #[error("there is no such link")]
    NotFound,
    /// Its half hour is over.
    #[error("the link is older than half an hour")]
    Expired,
    /// It was used.
    #[error("the link was used already")]
    Used,
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

/// Mails a link to the address if it is on file; says nothing about whether it is. Nobody's mailbox is filled with them:
/// more than three in an hour are not sent.
pub async fn request(db: &Database, email: &EmailAddress, brand: BrandId, now: DateTime<Utc>) -> Result<(), Error> {
    let txn = db.begin().await?;
    let person = subscriber::Entity::find().filter(subscriber::Column::Email.eq(email.clone())).lock(health::ACT);
    let Some(person) = person.one(&txn).await? else { return Ok(()) };
    let scope = Scope { brand, topic: None };
    let may = may_be_mailed(&txn, MailKind::Access, &scope, &[person.id], now).await?.may(person.id);
    if !may || mailed_lately(&txn, person.id, now).await? >= MOST_AN_HOUR {
        return Ok(());
    }
    let id = issue(&txn, person.id, brand, now, now + Duration::minutes(MINUTES)).await?;
    let data = json!(intent::Access { access: id, locale: person.locale });
    opt_in::send(&txn, MailKind::Access, brand, &person, data, now).await?;
    Ok(txn.commit().await?)
}

/// Looks at a link without using it up.
pub async fn open(conn: &impl ConnectionTrait, id: AccessId, now: DateTime<Utc>) -> Result<BrandId, RedeemError> {
    Ok(good(conn, id, now).await?.brand_id)
}

/// Uses a link up.
pub async fn redeem(db: &Database, id: AccessId, now: DateTime<Utc>) -> Result<Visit, RedeemError> {
    let txn = db.begin().await?;
    let row = good(&txn, id, now).await?;
    let used = ActiveModel { used_at: Set(Some(now)), ..ActiveModel::default() };
    let used = Entity::update_many().set(used).filter(Column::Id.eq(id)).filter(Column::UsedAt.is_null());
    if used.exec(&txn).await?.rows_affected == 0 {
        return Err(RedeemError::Used);
    }
    let next = issue(&txn, row.subscriber_id, row.brand_id, now, row.expires_at).await?;
    txn.commit().await?;
    Ok(Visit { subscriber: row.subscriber_id, brand: row.brand_id, next })
}

/// Removes links that ended a day ago or earlier, at most `limit` of them, and says how many. Until then they say why they
/// open nothing.
pub async fn sweep(conn: &impl ConnectionTrait, limit: u64, now: DateTime<Utc>) -> Result<u64, DbErr> {
    let over = Entity::find().select_only().column(Column::Id).filter(Column::ExpiresAt.lte(now - Duration::days(1)));
    let over: Vec<AccessId> = over.limit(limit).into_tuple().all(conn).await?;
    if over.is_empty() {
        return Ok(0);
    }
    Ok(Entity::delete_many().filter(Column::Id.is_in(over)).exec(conn).await?.rows_affected)
}

async fn good(conn: &impl ConnectionTrait, id: AccessId, now: DateTime<Utc>) -> Result<Model, RedeemError> {
    let row = Entity::find_by_id(id).one(conn).await?.ok_or(RedeemError::NotFound)?;
    match row.used_at {
        Some(_) => Err(RedeemError::Used),
        None if row.expires_at <= now => Err(RedeemError::Expired),
        None => Ok(row),
    }
}

async fn issue(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: BrandId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<AccessId, DbErr> {
    let id = AccessId::new(now);
    let row = ActiveModel {
        id: Set(id),
        subscriber_id: Set(subscriber),
        brand_id: Set(brand),
        created_at: Set(now),
        expires_at: Set(expires_at),
        used_at: Set(None),
    };
    Entity::insert(row).exec_without_returning(conn).await?;
    Ok(id)
}

/// How many links were mailed to the person within an hour. Those that a visit hands on end sooner than a fresh one, so they
/// are not among them.
async fn mailed_lately(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    now: DateTime<Utc>,
) -> Result<usize, DbErr> {
    let rows = Entity::find().filter(Column::SubscriberId.eq(subscriber));
    let rows = rows.filter(Column::CreatedAt.gt(now - Duration::hours(1))).all(conn).await?;
    let whole = |row: &&Model| row.expires_at - row.created_at >= Duration::minutes(MINUTES);
    Ok(rows.iter().filter(whole).count())
}
