use chrono::{DateTime, Duration, Utc};
use domain::{BrandId, Locale, MailKind, OptInId, SubscriberId};
use outbox::enqueue::{self, Intent};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::entity::{opt_in, subscriber};
use crate::may_be_mailed::{Scope, may_be_mailed, rule};
use crate::private::Private;
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
        serde_json::from_str(&row.details.0).map_err(|_| Error::OptInRow(row.id))
    }

    pub(super) fn write(&self, id: OptInId) -> Result<Private, Error> {
        serde_json::to_string(self).map(Private).map_err(|_| Error::OptInRow(id))
    }
}

/// How long lies between a question and the next mail to the same address.
const BETWEEN: Duration = Duration::days(1);

/// What became of a mail that was to be queued.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is on its way.
    Queued,
    /// The address had its mail; it may get the next at this time.
    NotBefore(DateTime<Utc>),
    /// *May be mailed* says no. It is asked again after a day, until the request ends: staff may lift what bars it.
    Barred,
}

/// Queues the mail that asks, if the address may get it today, and says whether it did. What it may not get today is due when
/// the day is over; what it may not get at all is looked at again then. The caller has locked the person.
pub(super) async fn question(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    row: &opt_in::Model,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let outcome = queue(conn, MailKind::Confirmation, person, row, now).await?;
    let queued = outcome == Outcome::Queued;
    let next = match outcome {
        Outcome::Queued => Some(now + BETWEEN),
        Outcome::NotBefore(at) => Some(at),
        Outcome::Barred => Some(now + BETWEEN),
    };
    let mut settled = opt_in::ActiveModel { due_at: Set(next), ..opt_in::ActiveModel::default() };
    if row.reminded_at.is_some() {
        settled.due_at = Set(None);
    }
    if queued {
        settled.mailed_at = Set(Some(now));
    }
    settle(conn, row.id, settled).await?;
    Ok(queued)
}

/// Queues the mail that asks once more, likewise.
pub(super) async fn reminder(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    row: &opt_in::Model,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let outcome = queue(conn, MailKind::Reminder, person, row, now).await?;
    let settled = match outcome {
        Outcome::Queued => opt_in::ActiveModel { reminded_at: Set(Some(now)), due_at: Set(None), ..Default::default() },
        Outcome::NotBefore(at) => opt_in::ActiveModel { due_at: Set(Some(at)), ..Default::default() },
        Outcome::Barred => opt_in::ActiveModel { due_at: Set(Some(now + BETWEEN)), ..Default::default() },
    };
    settle(conn, row.id, settled).await?;
    Ok(outcome == Outcome::Queued)
}

/// No mail about the request is due.
pub(super) async fn nothing(conn: &impl ConnectionTrait, row: OptInId) -> Result<(), DbErr> {
    settle(conn, row, opt_in::ActiveModel { due_at: Set(None), ..Default::default() }).await
}

async fn settle(conn: &impl ConnectionTrait, row: OptInId, settled: opt_in::ActiveModel) -> Result<(), DbErr> {
    opt_in::Entity::update_many().set(settled).filter(opt_in::Column::Id.eq(row)).exec(conn).await?;
    Ok(())
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
) -> Result<Outcome, Error> {
    let scope = Scope { brand: row.brand_id, topic: None };
    if !may_be_mailed(conn, kind, &scope, &[person.id], now).await?.may(person.id) {
        return Ok(Outcome::Barred);
    }
    if rule(kind).once_a_day
        && let Some(last) = last_asked(conn, person.id, now).await?
    {
        return Ok(Outcome::NotBefore(last + BETWEEN));
    }
    let data = json!(intent::OptIn { opt_in: row.id, locale: Details::read(row)?.locale });
    send(conn, kind, row.brand_id, person, data, now).await?;
    Ok(Outcome::Queued)
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

/// When the address was last asked, by whichever brand, if that was within a day.
async fn last_asked(
    conn: &impl ConnectionTrait,
    person: SubscriberId,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let yesterday = now - BETWEEN;
    let rows = opt_in::Entity::find()
        .filter(opt_in::Column::SubscriberId.eq(person))
        .filter(opt_in::Column::MailedAt.gt(yesterday).or(opt_in::Column::RemindedAt.gt(yesterday)));
    let rows = rows.all(conn).await?;
    Ok(rows.iter().flat_map(|row| [row.mailed_at, row.reminded_at]).flatten().max())
}
