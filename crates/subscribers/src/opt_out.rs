//! Leaving, and taking it back within ten minutes.

use chrono::{DateTime, Duration, Utc};
use database::Database;
use domain::{Actor, BrandId, SubscriberId, TopicId};
use sea_orm::{ConnectionTrait, DbErr};

use crate::consent::{self, Act, Entry};
use crate::entity::subscriber;
use crate::entity::subscription::Model;
use crate::subscription::{self, Event, State, Step, StepError};
use crate::topic::{self, Topic};
use crate::{Error, Evidence, Source, health};

/// For how many minutes a leaving can be taken back on the same page.
pub const UNDO_MINUTES: i64 = 10;

/// What somebody leaves.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// One topic.
    Topic(TopicId),
    /// All topics of a brand.
    Brand(BrandId),
}

/// Somebody leaves.
#[derive(Clone, Debug)]
pub struct Leave {
    /// Who.
    pub subscriber: SubscriberId,
    /// What.
    pub what: What,
    /// By which door.
    pub source: Source,
    /// By whose act: the subscriber's own, or staff's on their word.
    pub actor: Actor,
    /// From where.
    pub evidence: Evidence,
}

/// Leaves, and says what was left now: nothing if it was left before, and nothing for who is not on file.
pub async fn leave(db: &Database, leave: &Leave, now: DateTime<Utc>) -> Result<Vec<Topic>, Error> {
    let txn = db.begin().await?;
    let left = leave_within(&txn, leave, now).await?;
    txn.commit().await?;
    Ok(left)
}

/// [`leave`] as a piece of the caller's transaction.
pub async fn leave_within(conn: &impl ConnectionTrait, leave: &Leave, now: DateTime<Utc>) -> Result<Vec<Topic>, Error> {
    let Some(person) = health::lock(conn, leave.subscriber).await? else { return Ok(Vec::new()) };
    let mut left = Vec::new();
    for row in standing(conn, leave.subscriber, leave.what).await? {
        let step = Step { source: Some(leave.source), ..Step::new(Event::Leave) };
        if !take(conn, &row, step, now).await? {
            continue;
        }
        let Some(topic) = topic::find(conn, row.topic_id).await? else { continue };
        let act = Changed { act: Act::Left, source: leave.source, actor: &leave.actor, evidence: &leave.evidence };
        note(conn, &person, &row, &topic, &act, now).await?;
        let fact = activity::Fact::new(activity::Kind::Unsubscribed, topic.brand, now).about(person.id);
        let detail = serde_json::json!({ "topic": topic.id, "source": leave.source });
        activity::record(conn, &fact.with(detail)).await?;
        left.push(topic);
    }
    Ok(left)
}

/// Takes back what was left within the last ten minutes, and says what. It brings back confirmed subscriptions only.
pub async fn undo(
    db: &Database,
    subscriber: SubscriberId,
    what: What,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<Vec<Topic>, Error> {
    let txn = db.begin().await?;
    let Some(person) = health::lock(&txn, subscriber).await? else { return Ok(Vec::new()) };
    let themselves = Actor::Subscriber(subscriber);
    let mut back = Vec::new();
    for row in standing(&txn, subscriber, what).await? {
        if undo_until(&row).is_none_or(|until| until < now) || !take(&txn, &row, Step::new(Event::Undo), now).await? {
            continue;
        }
        let Some(topic) = topic::find(&txn, row.topic_id).await? else { continue };
        let act = Changed { act: Act::Undone, source: Source::Page, actor: &themselves, evidence };
        note(&txn, &person, &row, &topic, &act, now).await?;
        back.push(topic);
    }
    txn.commit().await?;
    Ok(back)
}

/// Until when a leaving can be taken back; none if there is none that can.
pub(crate) fn undo_until(row: &Model) -> Option<DateTime<Utc>> {
    let left = row.left_at.filter(|_| row.state == State::Unsubscribed && row.confirmed_at.is_some())?;
    Some(left + Duration::minutes(UNDO_MINUTES))
}

async fn standing(conn: &impl ConnectionTrait, subscriber: SubscriberId, what: What) -> Result<Vec<Model>, DbErr> {
    match what {
        What::Topic(topic) => Ok(subscription::find(conn, subscriber, topic).await?.into_iter().collect()),
        What::Brand(brand) => subscription::of(conn, subscriber, Some(brand)).await,
    }
}

async fn take(conn: &impl ConnectionTrait, row: &Model, step: Step, now: DateTime<Utc>) -> Result<bool, DbErr> {
    match subscription::take(conn, row.subscriber_id, row.topic_id, step, now).await {
        Ok(changed) => Ok(changed),
        // There is nothing to leave or to take back: that is no fault of whoever asks.
        Err(StepError::Refused(_)) => Ok(false),
        Err(StepError::Database(error)) => Err(error),
    }
}

struct Changed<'a> {
    act: Act,
    source: Source,
    actor: &'a Actor,
    evidence: &'a Evidence,
}

async fn note(
    conn: &impl ConnectionTrait,
    person: &subscriber::Model,
    row: &Model,
    topic: &Topic,
    changed: &Changed<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let entry = Entry {
        act: changed.act,
        subscriber: person.id,
        email: &person.email,
        brand: topic.brand,
        topic: Some(topic.id),
        form: None,
        opt_in: None,
        basis: Some(row.basis),
        source: Some(changed.source),
        note: None,
        actor: changed.actor,
        evidence: changed.evidence,
    };
    Ok(consent::record(conn, entry, now).await?)
}
