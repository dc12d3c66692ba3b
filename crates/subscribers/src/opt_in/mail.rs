use chrono::{DateTime, Duration, Utc};
use domain::{BrandId, Locale, MailKind, OptInId, SubscriberId};
use outbox::enqueue::{self, Intent};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::entity::{opt_in, subscriber};
use crate::may_be_mailed::{Scope, may_be_mailed, rule};
use crate::{Error, Profile, intent};

/// What was told with a request, kept there until the address is confirmed: anybody can type anybody's address.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    pub(super) profile: Profile,
    pub(super) locale: Locale,
}

impl Details {
    pub(super) fn read(row: &opt_in::Model) -> Result<Self, Error> {
        serde_json::from_str(&row.details).map_err(|_| Error::OptInRow(row.id))
    }

    pub(super) fn write(&self, id: OptInId) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|_| Error::OptInRow(id))
    }
}

/// Queues the mail that asks, if the address may get it today, and says whether it did. The caller has locked the person.
pub(super) async fn question(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    row: &opt_in::Model,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if !queue(conn, MailKind::Confirmation, person, row, now).await? {
        return Ok(false);
    }
    let mailed = opt_in::ActiveModel { mailed_at: Set(Some(now)), ..opt_in::ActiveModel::default() };
    opt_in::Entity::update_many().set(mailed).filter(opt_in::Column::Id.eq(row.id)).exec(conn).await?;
    Ok(true)
}

/// Queues the mail that asks once more, likewise.
pub(super) async fn reminder(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    row: &opt_in::Model,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if !queue(conn, MailKind::Reminder, person, row, now).await? {
        return Ok(false);
    }
    let reminded = opt_in::ActiveModel { reminded_at: Set(Some(now)), ..opt_in::ActiveModel::default() };
    opt_in::Entity::update_many().set(reminded).filter(opt_in::Column::Id.eq(row.id)).exec(conn).await?;
    Ok(true)
}

/// Queues the first mail after a confirmation.
pub(super) async fn welcome(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    row: &opt_in::Model,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    queue(conn, MailKind::Welcome, person, row, now).await?;
    Ok(())
}

async fn queue(
    conn: &impl ConnectionTrait,
    kind: MailKind,
    person: &subscriber::Model,
    row: &opt_in::Model,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if rule(kind).once_a_day && asked_today(conn, person.id, now).await? {
        return Ok(false);
    }
    let scope = Scope { brand: row.brand_id, topic: None };
    if !may_be_mailed(conn, kind, &scope, &[person.id], now).await?.may(person.id) {
        return Ok(false);
    }
    let data = json!(intent::OptIn { opt_in: row.id, locale: Details::read(row)?.locale });
    send(conn, kind, row.brand_id, person, data, now).await?;
    Ok(true)
}

/// Puts a mail to a person on file into the brand's stream of its kind.
pub(crate) async fn send(
    conn: &impl ConnectionTrait,
    kind: MailKind,
    brand: BrandId,
    person: &subscriber::Model,
    data: serde_json::Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let stream = outbox::mailing::stream(conn, brand, kind, now).await?;
    let intent = Intent { subscriber: Some(person.id), recipient: None, lane: person.provider.clone(), data };
    enqueue::one(conn, stream, intent).await?;
    Ok(())
}

/// Whether the address was asked within a day, by whichever brand.
async fn asked_today(conn: &impl ConnectionTrait, person: SubscriberId, now: DateTime<Utc>) -> Result<bool, DbErr> {
    let yesterday = now - Duration::days(1);
    let lately = opt_in::Column::MailedAt.gt(yesterday).or(opt_in::Column::RemindedAt.gt(yesterday));
    let count =
        opt_in::Entity::find().filter(opt_in::Column::SubscriberId.eq(person)).filter(lately).count(conn).await?;
    Ok(count > 0)
}
