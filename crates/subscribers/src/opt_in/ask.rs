use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use domain::{Actor, BrandId, FormVersionId, OptInId, TopicId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::State;
use super::mail::{self, Details};
use crate::consent::{self, Act, Digest, Entry};
use crate::entity::{opt_in, opt_in_topic, subscriber};
use crate::subscription::{self, Event, Step, StepError};
use crate::suppression::{self, Reason};
use crate::topic::{self, Topic};
use crate::{Basis, Error, Evidence, Source};

/// Somebody asks for topics with an address.
pub(super) struct Asked<'a> {
    pub(super) brand: BrandId,
    pub(super) topics: Vec<Topic>,
    pub(super) details: Details,
    /// The form version and the digest of its words.
    pub(super) words: Option<(FormVersionId, Digest)>,
    pub(super) days: i32,
    pub(super) source: Source,
    pub(super) note: Option<&'a str>,
    /// None: whoever has the address, as they say.
    pub(super) actor: Option<&'a Actor>,
    pub(super) evidence: &'a Evidence,
}

/// Writes the request of a person, whom the caller has locked, down and queues the question, unless there is nothing to ask or the address had its mail today.
///
/// A request that nobody has been mailed about yet takes in what is asked next, so that an address has one question
/// waiting at most, however often somebody fills in the form.
pub(super) async fn ask(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    asked: Asked<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let topics = needed(conn, person, &asked, now).await?;
    if topics.is_empty() {
        return Ok(());
    }
    let waiting = waiting(conn, person, asked.brand, now).await?;
    let target = match waiting.iter().find(|(row, its)| covers(row, its, &asked, &topics)) {
        Some((row, _)) if all_pending(conn, person, &topics).await? => with_details(conn, row, &asked.details).await?,
        _ => {
            let unsent = waiting.iter().find(|(row, _)| row.mailed_at.is_none()).map(|(row, _)| row);
            let target = write(conn, person, unsent, &asked, &topics, now).await?;
            note(conn, person, target.id, &asked, &topics, target.expires_at, now).await?;
            target
        }
    };
    if mail::question(conn, person, &target, now).await? {
        supersede(conn, &target, &waiting).await?;
    }
    Ok(())
}

/// The topics that there is something to confirm for. Who is subscribed to all of them is asked nothing, unless a
/// suppression stands in the way that a fresh double opt-in lifts.
async fn needed<'a>(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    asked: &'a Asked<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<&'a Topic>, Error> {
    let liftable: BTreeSet<Reason> = Reason::lifted_by_opt_in().collect();
    let standing = suppression::active_for_subscriber(conn, person.id).await?;
    if standing.iter().any(|entry| liftable.contains(&entry.reason)) {
        return Ok(asked.topics.iter().collect());
    }
    let mut needed = Vec::new();
    for topic in &asked.topics {
        let row = subscription::find(conn, person.id, topic.id).await?;
        if !row.is_some_and(|row| subscription::holds(&row, now)) {
            needed.push(topic);
        }
    }
    Ok(needed)
}

/// The person's requests at the brand that can still be confirmed, newest first, each with its topics.
async fn waiting(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    brand: BrandId,
    now: DateTime<Utc>,
) -> Result<Vec<(opt_in::Model, BTreeSet<TopicId>)>, DbErr> {
    let rows = opt_in::Entity::find()
        .filter(opt_in::Column::SubscriberId.eq(person.id))
        .filter(opt_in::Column::BrandId.eq(brand))
        .filter(opt_in::Column::State.eq(State::Pending))
        .filter(opt_in::Column::ExpiresAt.gt(now))
        .order_by_desc(opt_in::Column::Id)
        .all(conn)
        .await?;
    let mut waiting = Vec::new();
    for row in rows {
        let topics = topic_ids(conn, row.id).await?;
        waiting.push((row, topics));
    }
    Ok(waiting)
}

fn covers(row: &opt_in::Model, its: &BTreeSet<TopicId>, asked: &Asked<'_>, topics: &[&Topic]) -> bool {
    row.form_version_id == asked.words.map(|(version, _)| version) && topics.iter().all(|topic| its.contains(&topic.id))
}

async fn all_pending(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    topics: &[&Topic],
) -> Result<bool, DbErr> {
    for topic in topics {
        let row = subscription::find(conn, person.id, topic.id).await?;
        if !row.is_some_and(|row| row.state == subscription::State::Pending) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The waiting request, with what was told now over what was told before.
async fn with_details(
    conn: &impl ConnectionTrait,
    row: &opt_in::Model,
    told: &Details,
) -> Result<opt_in::Model, Error> {
    let before = Details::read(row)?;
    let details = Details { profile: told.profile.clone().over(before.profile), locale: told.locale }.write(row.id)?;
    let changed = opt_in::ActiveModel { details: Set(details.clone()), ..opt_in::ActiveModel::default() };
    opt_in::Entity::update_many().set(changed).filter(opt_in::Column::Id.eq(row.id)).exec(conn).await?;
    Ok(opt_in::Model { details, ..row.clone() })
}

/// Writes the request: into the one that nobody was mailed about, or a new one.
async fn write(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    unsent: Option<&opt_in::Model>,
    asked: &Asked<'_>,
    topics: &[&Topic],
    now: DateTime<Utc>,
) -> Result<opt_in::Model, Error> {
    let id = unsent.map_or_else(|| OptInId::new(now), |row| row.id);
    let told = match unsent {
        Some(row) => asked.details.profile.clone().over(Details::read(row)?.profile),
        None => asked.details.profile.clone(),
    };
    let row = opt_in::ActiveModel {
        id: Set(id),
        subscriber_id: Set(person.id),
        brand_id: Set(asked.brand),
        form_version_id: Set(asked.words.map(|(version, _)| version)),
        state: Set(State::Pending),
        details: Set(Details { profile: told, locale: asked.details.locale }.write(id)?),
        requested_at: Set(now),
        expires_at: Set(now + Duration::days(asked.days.into())),
        // Settled with the question, in the same transaction.
        due_at: Set(Some(now)),
        mailed_at: Set(None),
        reminded_at: Set(None),
        confirmed_at: Set(None),
    };
    match unsent {
        Some(_) => {
            opt_in::Entity::update_many().set(row).filter(opt_in::Column::Id.eq(id)).exec(conn).await?;
        }
        None => {
            opt_in::Entity::insert(row).exec_without_returning(conn).await?;
        }
    }
    let rows = topics.iter().map(|topic| opt_in_topic::ActiveModel { opt_in_id: Set(id), topic_id: Set(topic.id) });
    opt_in_topic::Entity::insert_many(rows)
        .on_conflict_do_nothing_on([opt_in_topic::Column::OptInId, opt_in_topic::Column::TopicId])
        .exec_without_returning(conn)
        .await?;
    opt_in::Entity::find_by_id(id).one(conn).await?.ok_or(Error::NotFound(person.id))
}

/// Moves the subscriptions to pending and enters the request into the ledger.
async fn note(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    opt_in: OptInId,
    asked: &Asked<'_>,
    topics: &[&Topic],
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for topic in topics {
        let step = Step { until: Some(until), ..Step::new(Event::Request) };
        match subscription::take(conn, person.id, topic.id, step, now).await {
            // A request is taken in every state; of one that is confirmed already it makes no other.
            Ok(_) | Err(StepError::Refused(_)) => {}
            Err(StepError::Database(error)) => return Err(error.into()),
        }
        let themselves = Actor::Subscriber(person.id);
        let entry = Entry {
            act: Act::Requested,
            subscriber: person.id,
            email: &person.email,
            brand: asked.brand,
            topic: Some(topic.id),
            form: asked.words,
            opt_in: Some(opt_in),
            basis: Some(Basis::Consent),
            source: Some(asked.source),
            note: asked.note,
            actor: asked.actor.unwrap_or(&themselves),
            evidence: asked.evidence,
        };
        consent::record(conn, entry, now).await?;
    }
    let fact = activity::Fact::new(activity::Kind::Requested, asked.brand, now).about(person.id);
    Ok(activity::record(conn, &fact).await?)
}

/// Lets older requests whose topics the newer one all names remind nobody. Their links still work.
async fn supersede(
    conn: &impl ConnectionTrait,
    newer: &opt_in::Model,
    waiting: &[(opt_in::Model, BTreeSet<TopicId>)],
) -> Result<(), DbErr> {
    let its = topic_ids(conn, newer.id).await?;
    let old = waiting.iter().filter(|(row, topics)| row.id != newer.id && topics.is_subset(&its));
    let old: Vec<OptInId> = old.map(|(row, _)| row.id).collect();
    let row =
        opt_in::ActiveModel { state: Set(State::Superseded), due_at: Set(None), ..opt_in::ActiveModel::default() };
    opt_in::Entity::update_many().set(row).filter(opt_in::Column::Id.is_in(old)).exec(conn).await?;
    Ok(())
}

async fn topic_ids(conn: &impl ConnectionTrait, id: OptInId) -> Result<BTreeSet<TopicId>, DbErr> {
    let rows = opt_in_topic::Entity::find().filter(opt_in_topic::Column::OptInId.eq(id)).all(conn).await?;
    Ok(rows.into_iter().map(|row| row.topic_id).collect())
}

/// What a request asks for, in the brand's order.
pub(super) async fn topics_of(conn: &impl ConnectionTrait, id: OptInId) -> Result<Vec<Topic>, Error> {
    let mut topics = Vec::new();
    for id in topic_ids(conn, id).await? {
        topics.extend(topic::find(conn, id).await?);
    }
    topics.sort_by_key(|topic| (topic.position, topic.id));
    Ok(topics)
}
