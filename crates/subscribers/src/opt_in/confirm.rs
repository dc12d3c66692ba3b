use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, OptInId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::ask::topics_of;
use super::mail::{self, Details};
use super::{Confirmation, OptIn, State};
use crate::consent::{self, Act, Entry};
use crate::entity::{opt_in, subscriber};
use crate::private::Private;
use crate::subscription::{self, Event, Step, StepError};
use crate::topic::Topic;
use crate::{Basis, Error, Evidence, Source, Subscriber, form, health, store, suppression};

/// What a confirmation link shows. Changes nothing.
pub async fn open(conn: &impl ConnectionTrait, id: OptInId, now: DateTime<Utc>) -> Result<Option<OptIn>, Error> {
    let Some(row) = opt_in::Entity::find_by_id(id).one(conn).await? else { return Ok(None) };
    Ok(Some(OptIn {
        id,
        subscriber: row.subscriber_id,
        brand: row.brand_id,
        form_version: row.form_version_id,
        topics: topics_of(conn, id).await?,
        state: if is_over(&row, now) { State::Expired } else { row.state },
        requested_at: row.requested_at,
        expires_at: row.expires_at,
    }))
}

/// Confirms what the link's request asked for; none if there is no such request. Twice is harmless.
///
/// It lifts the suppressions that a fresh double opt-in lifts, puts on file what was told with the request, and queues the
/// welcome mail. A topic that was left since it was asked for stays left.
pub async fn confirm(
    db: &Database,
    id: OptInId,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<Option<Confirmation>, Error> {
    let txn = db.begin().await?;
    let Some(before) = opt_in::Entity::find_by_id(id).one(&txn).await? else { return Ok(None) };
    let Some(person) = health::lock(&txn, before.subscriber_id).await? else { return Ok(None) };
    // Read again: whoever confirmed a moment ago held the lock.
    let Some(row) = opt_in::Entity::find_by_id(id).one(&txn).await? else { return Ok(None) };
    if row.state == State::Confirmed {
        return Ok(Some(Confirmation::AlreadyConfirmed));
    }
    if row.state == State::Expired || is_over(&row, now) {
        return Ok(Some(Confirmation::Expired));
    }
    let Confirmed { topics, new } = confirm_topics(&txn, &person, &row, evidence, now).await?;
    if topics.is_empty() {
        return Ok(Some(Confirmation::Withdrawn));
    }
    let themselves = Actor::Subscriber(person.id);
    let details = Details::read(&row)?;
    let profile = details.profile.over(Subscriber::try_from(person.clone())?.profile);
    store::put_profile(&txn, &person, profile, details.locale, &themselves, now).await?;
    suppression::lift_by_opt_in(&txn, person.id, &themselves, now).await?;
    finish(&txn, id, now).await?;
    if new {
        mail::welcome(&txn, &person, &row, now).await?;
    }
    let fact = activity::Fact::new(activity::Kind::Confirmed, row.brand_id, now).about(person.id);
    activity::record(&txn, &fact).await?;
    txn.commit().await?;
    Ok(Some(Confirmation::Confirmed(topics)))
}

/// What a request's confirmation holds for.
struct Confirmed {
    topics: Vec<Topic>,
    /// Whether any of them was not subscribed to before.
    new: bool,
}

async fn confirm_topics(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    row: &opt_in::Model,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<Confirmed, Error> {
    let version = match row.form_version_id {
        Some(version) => form::version(conn, version).await?,
        None => None,
    };
    let words = version.map(|version| version.digest().map(|words| (version.id, words))).transpose()?;
    let mut confirmed = Confirmed { topics: Vec::new(), new: false };
    for topic in topics_of(conn, row.id).await? {
        match subscription::take(conn, person.id, topic.id, Step::new(Event::Confirm), now).await {
            Ok(new) => confirmed.new |= new,
            Err(StepError::Refused(_)) => continue,
            Err(StepError::Database(error)) => return Err(error.into()),
        }
        let entry = Entry {
            act: Act::Confirmed,
            subscriber: person.id,
            email: &person.email,
            brand: row.brand_id,
            topic: Some(topic.id),
            form: words,
            opt_in: Some(row.id),
            basis: Some(Basis::Consent),
            source: Some(Source::Page),
            note: None,
            actor: &Actor::Subscriber(person.id),
            evidence,
        };
        consent::record(conn, entry, now).await?;
        confirmed.topics.push(topic);
    }
    Ok(confirmed)
}

/// Writes the confirmation down; what was told is on file now and stands here no longer.
async fn finish(conn: &impl ConnectionTrait, id: OptInId, now: DateTime<Utc>) -> Result<(), Error> {
    let row = opt_in::ActiveModel {
        state: Set(State::Confirmed),
        due_at: Set(None),
        confirmed_at: Set(Some(now)),
        details: Set(Private::nothing()),
        ..opt_in::ActiveModel::default()
    };
    opt_in::Entity::update_many().set(row).filter(opt_in::Column::Id.eq(id)).exec(conn).await?;
    Ok(())
}

fn is_over(row: &opt_in::Model, now: DateTime<Utc>) -> bool {
    matches!(row.state, State::Pending | State::Superseded) && row.expires_at <= now
}
