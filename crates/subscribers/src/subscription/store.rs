use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::{SubscriberId, TopicId};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query, SubQueryStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter};

use super::{Event, InvalidTransition, State};
use crate::entity::subscription::{ActiveModel, Column, Entity, Model};
use crate::{Basis, Source, conditions};

/// What goes with an event.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Step {
    pub(crate) event: Event,
    /// On what basis; counts for a request and a voucher.
    pub(crate) basis: Basis,
    /// When a request must be confirmed by, or a basis ends.
    pub(crate) until: Option<DateTime<Utc>>,
    /// By which door somebody leaves.
    pub(crate) source: Option<Source>,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error(transparent)]
    Refused(#[from] InvalidTransition),
    #[error("database failure")]
    Database(#[from] DbErr),
}

impl Step {
    pub(crate) const fn new(event: Event) -> Self {
        Self { event, basis: Basis::Consent, until: None, source: None }
    }
}

/// How a person stands to a topic.
pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    topic: TopicId,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((subscriber, topic)).one(conn).await
}

/// How a person stands to the topics of a brand, or to all topics.
pub(crate) async fn of(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: Option<domain::BrandId>,
) -> Result<Vec<Model>, DbErr> {
    let mut select = Entity::find().filter(Column::SubscriberId.eq(subscriber));
    if let Some(brand) = brand {
        select = select.filter(Column::TopicId.in_subquery(conditions::topics_of(brand)));
    }
    select.all(conn).await
}

/// Whether the person may be written to under this row: the twin of [`conditions::holds`].
pub(crate) fn holds(row: &Model, now: DateTime<Utc>) -> bool {
    Standing::from(row).holds(now)
}

/// What of a row decides where a step leads.
#[derive(Copy, Clone)]
struct Standing {
    state: State,
    expires_at: Option<DateTime<Utc>>,
}

impl Standing {
    fn holds(self, now: DateTime<Utc>) -> bool {
        self.state == State::Confirmed && self.expires_at.is_none_or(|end| end > now)
    }

    /// The state for the sake of an event: to whoever asks again, a basis that has ended is as good as none.
    fn state_for(self, event: Event, now: DateTime<Utc>) -> State {
        match (self.state, event) {
            (State::Confirmed, Event::Request) if !self.holds(now) => State::Expired,
            (state, _) => state,
        }
    }

    /// Whether an event that leaves the state as it is moves its end: asked again, there is time again; and a basis that ends
    /// may be named anew with a later end. What a person consented to themselves has no end, and nobody's word gives it one.
    fn is_prolonged_by(self, step: Step) -> bool {
        match step.event {
            Event::Request => self.state == State::Pending,
            Event::Vouch => self.expires_at.is_some_and(|end| step.until.is_none_or(|until| until > end)),
            Event::Confirm | Event::Expire | Event::Leave | Event::Undo => false,
        }
    }
}

impl From<&Model> for Standing {
    fn from(row: &Model) -> Self {
        Self { state: row.state, expires_at: row.expires_at }
    }
}

/// Takes one step of a subscription, whose person the caller has locked. Says whether it made a difference.
pub(crate) async fn take(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    topic: TopicId,
    step: Step,
    now: DateTime<Utc>,
) -> Result<bool, StepError> {
    let row = find(conn, subscriber, topic).await?;
    let Some(to) = led_to(row.as_ref().map(Standing::from), step, now)? else { return Ok(false) };
    write(conn, &[subscriber], topic, row.map(|row| row.state), to, step, now).await?;
    Ok(true)
}

/// Takes one step of many people's subscriptions to a topic, whom the caller has locked. Says of each whether it made a
/// difference, or why it was not taken.
pub(crate) async fn take_all(
    conn: &impl ConnectionTrait,
    people: &[SubscriberId],
    topic: TopicId,
    step: Step,
    now: DateTime<Utc>,
) -> Result<HashMap<SubscriberId, Result<bool, InvalidTransition>>, DbErr> {
    let standing = standing(conn, people, topic).await?;
    let mut outcomes = HashMap::with_capacity(people.len());
    let mut moves: Vec<(Option<State>, State, Vec<SubscriberId>)> = Vec::new();
    for person in people {
        let before = standing.get(person).copied();
        let to = led_to(before, step, now);
        outcomes.insert(*person, to.map(|to| to.is_some()));
        let Ok(Some(to)) = to else { continue };
        let from = before.map(|before| before.state);
        match moves.iter_mut().find(|(before, after, _)| (*before, *after) == (from, to)) {
            Some((_, _, who)) => who.push(*person),
            None => moves.push((from, to, vec![*person])),
        }
    }
    for (from, to, who) in moves {
        write(conn, &who, topic, from, to, step, now).await?;
    }
    Ok(outcomes)
}

/// How people stand to a topic: those who do in some way.
///
/// Each is looked up by the key, whatever PostgreSQL knows of the table. A list of people and a topic look to it, as long as it
/// has not counted the rows (in the first minutes of an import), like a reason to read everybody in the topic.
async fn standing(
    conn: &impl ConnectionTrait,
    people: &[SubscriberId],
    topic: TopicId,
) -> Result<HashMap<SubscriberId, Standing>, DbErr> {
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    // Both databases call the column so.
    let who = || Expr::col(("who", "column1"));
    let theirs = |column: Column| {
        let row = Query::select()
            .column(column)
            .from(Entity)
            .and_where(Column::SubscriberId.into_expr().eq(who()))
            .and_where(Column::TopicId.eq(topic))
            .limit(1)
            .take();
        Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(row)))
    };
    let select = Query::select()
        .expr_as(who(), "subscriber_id")
        .expr_as(theirs(Column::State), "state")
        .expr_as(theirs(Column::ExpiresAt), "expires_at")
        .from_values(people.iter().copied(), "who")
        .take();
    let looked = Looked::find_by_statement(conn.get_database_backend().build(&select)).all(conn).await?;
    let standing =
        |Looked { subscriber_id, state, expires_at }| Some((subscriber_id, Standing { state: state?, expires_at }));
    Ok(looked.into_iter().filter_map(standing).collect())
}

#[derive(FromQueryResult)]
struct Looked {
    subscriber_id: SubscriberId,
    state: Option<State>,
    expires_at: Option<DateTime<Utc>>,
}

/// The state that a step leads to; none if it makes no difference.
fn led_to(before: Option<Standing>, step: Step, now: DateTime<Utc>) -> Result<Option<State>, InvalidTransition> {
    let from = before.map(|before| before.state_for(step.event, now));
    let to = State::after(from, step.event)?;
    let changes = from != Some(to) || before.is_some_and(|before| before.is_prolonged_by(step));
    Ok(changes.then_some(to))
}

/// Writes a step of people who all stood alike.
async fn write(
    conn: &impl ConnectionTrait,
    people: &[SubscriberId],
    topic: TopicId,
    before: Option<State>,
    to: State,
    step: Step,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel { state: Set(to), ..columns(step, now) };
    match before {
        None => {
            let once = OnConflict::columns([Column::SubscriberId, Column::TopicId]).do_nothing().to_owned();
            let rows = people.iter().map(|subscriber| ActiveModel {
                subscriber_id: Set(*subscriber),
                topic_id: Set(topic),
                ..row.clone()
            });
            Entity::insert_many(rows).on_conflict(once).exec_without_returning(conn).await?;
        }
        Some(before) => {
            let which = Entity::update_many().set(row).filter(Column::SubscriberId.is_in(people.iter().copied()));
            which.filter(Column::TopicId.eq(topic)).filter(Column::State.eq(before)).exec(conn).await?;
        }
    }
    Ok(())
}

/// What an event writes beside the state.
fn columns(step: Step, now: DateTime<Utc>) -> ActiveModel {
    let row = ActiveModel {
        subscriber_id: NotSet,
        topic_id: NotSet,
        state: NotSet,
        basis: NotSet,
        since: NotSet,
        expires_at: NotSet,
        confirmed_at: NotSet,
        left_at: NotSet,
        left_by: NotSet,
    };
    match step.event {
        Event::Request => ActiveModel {
            basis: Set(step.basis),
            since: Set(now),
            expires_at: Set(step.until),
            confirmed_at: Set(None),
            left_at: Set(None),
            left_by: Set(None),
            ..row
        },
        Event::Vouch => ActiveModel {
            basis: Set(step.basis),
            since: Set(now),
            expires_at: Set(step.until),
            confirmed_at: Set(Some(now)),
            ..row
        },
        Event::Confirm => ActiveModel { expires_at: Set(None), confirmed_at: Set(Some(now)), ..row },
        Event::Expire => row,
        Event::Leave => ActiveModel { left_at: Set(Some(now)), left_by: Set(step.source), ..row },
        Event::Undo => ActiveModel { left_at: Set(None), left_by: Set(None), ..row },
    }
}
