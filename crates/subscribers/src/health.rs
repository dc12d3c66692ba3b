use chrono::{DateTime, Duration, Utc};
use domain::{Actor, BrandId, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use verdict::{Class, Verdict};

use crate::Error;
use crate::entity::subscriber::{ActiveModel, Column, Entity, Model};
use crate::suppression::{self, Origin, Reason};

/// What a failure or a complaint did to a person's standing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it is not their fault, or it was counted today already, or they are not on file.
    None,
    /// It was counted; so many stand against the limit now.
    Counted(i32),
    /// A server did not find the domain; our own look-ups say whether it is gone.
    Noted,
    /// The address is not mailed any more.
    Suppressed(Reason),
}

/// Counts a delivery that failed, in the caller's transaction.
///
/// A mailbox that is gone is suppressed at once, and soft failures when as many as the brand allows (one a day at most) are
/// spread over the days that it names, without a success between. That a domain is gone is nothing to take a server's word
/// for: it is looked up ([`domain_gone::look`](crate::domain_gone::look)). A refusal for reputation, policy or content
/// is ours and never touches the person.
pub async fn record_failure(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: BrandId,
    verdict: &Verdict,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Effect, Error> {
    if !verdict.class.concerns_recipient() {
        return Ok(Effect::None);
    }
    let Some(person) = lock(conn, subscriber).await? else { return Ok(Effect::None) };
    let rule = Actor::rule(&verdict.rule);
    match verdict.class {
        Class::Hard => suppress(conn, subscriber, None, Reason::Hard, &rule, origin, now).await,
        Class::DomainGone => doubt(conn, &person, now).await,
        Class::LikelyGone | Class::Soft => count(conn, &person, brand, &rule, origin, now).await,
        Class::Block | Class::Content => Ok(Effect::None),
    }
}

/// The person called our mail spam: this brand writes no more, in the caller's transaction.
pub async fn record_complaint(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: BrandId,
    actor: &Actor,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Effect, Error> {
    if lock(conn, subscriber).await?.is_none() {
        return Ok(Effect::None);
    }
    suppress(conn, subscriber, Some(brand), Reason::Complaint, actor, origin, now).await
}

/// Has the person's domain looked up, now, unless a look is due at some time already.
async fn doubt(conn: &impl ConnectionTrait, person: &Model, now: DateTime<Utc>) -> Result<Effect, Error> {
    if person.domain_look_at.is_some() {
        return Ok(Effect::None);
    }
    change(conn, person.id, ActiveModel { domain_look_at: Set(Some(now)), ..ActiveModel::default() }).await?;
    Ok(Effect::Noted)
}

async fn count(
    conn: &impl ConnectionTrait,
    person: &Model,
    brand: BrandId,
    rule: &Actor,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Effect, Error> {
    // What came before one that is counted, or before a success, says nothing new.
    let is_old = person.score_last_at.is_some_and(|last| last.date_naive() >= now.date_naive())
        || person.last_success_at.is_some_and(|success| success >= now);
    if is_old {
        return Ok(Effect::None);
    }
    let Some(limits) = brands::find(conn, brand).await? else { return Ok(Effect::None) };
    let (score, since) = (person.score + 1, person.score_since.unwrap_or(now));
    let row = ActiveModel {
        score: Set(score),
        score_since: Set(Some(since)),
        score_last_at: Set(Some(now)),
        ..ActiveModel::default()
    };
    change(conn, person.id, row).await?;
    if score >= limits.soft_bounce_limit && now - since >= Duration::days(limits.soft_bounce_days.into()) {
        return suppress(conn, person.id, None, Reason::Soft, rule, origin, now).await;
    }
    Ok(Effect::Counted(score))
}

/// Suppresses a person on file by the newest hash that they have: no key is needed for it.
pub(crate) async fn suppress(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: Option<BrandId>,
    reason: Reason,
    actor: &Actor,
    origin: Origin,
    now: DateTime<Utc>,
) -> Result<Effect, Error> {
    let hashes = suppression::hashes_of(conn, subscriber).await?;
    // The server's words stay out of it: they often repeat the address, and this entry outlives the person's erasure.
    let entry = suppression::Entry { hashes: &hashes, brand, reason, detail: "", origin, actor };
    suppression::put(conn, entry, now).await?;
    Ok(Effect::Suppressed(reason))
}

/// Takes the failure back that was counted `at` this time, in the caller's transaction: it said nothing of the person. What a success
/// has ended is counted no more already.
pub async fn uncount(conn: &impl ConnectionTrait, subscriber: SubscriberId, at: DateTime<Utc>) -> Result<(), DbErr> {
    let Some(person) = lock(conn, subscriber).await? else { return Ok(()) };
    let Some(since) = person.score_since.filter(|since| *since <= at) else { return Ok(()) };
    let left = person.score - 1;
    // Of those behind the first only the last is known.
    let since = if since == at { person.score_last_at } else { Some(since) };
    let row = ActiveModel {
        score: Set(left),
        score_since: Set(since.filter(|_| left > 0)),
        score_last_at: Set(person.score_last_at.filter(|_| left > 0)),
        ..ActiveModel::default()
    };
    change(conn, subscriber, row).await
}

/// Forgets every failure that stands against a person, and that their domain was to be looked up. Whoever calls it has locked them.
pub(crate) async fn forgive(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<(), DbErr> {
    let row = ActiveModel {
        score: Set(0),
        score_since: Set(None),
        score_last_at: Set(None),
        domain_gone_at: Set(None),
        domain_look_at: Set(None),
        ..ActiveModel::default()
    };
    change(conn, subscriber, row).await
}

/// Keeps every other act on the person waiting until the caller's transaction ends. Says whether they are on file.
///
/// Whoever also changes deliveries or counts does this first: erasing and signing up take them in this order, and two orders
/// would have PostgreSQL end one of the two.
pub async fn hold(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<bool, DbErr> {
    Ok(lock(conn, subscriber).await?.is_some())
}

/// Locks several people likewise, in the order in which everybody does.
pub async fn hold_all(
    conn: &impl ConnectionTrait,
    people: impl IntoIterator<Item = SubscriberId>,
) -> Result<(), DbErr> {
    lock_all(conn, people).await.map(drop)
}

/// How PostgreSQL locks a person, or a row like theirs, for an act: the next act waits, but not a row that only refers to them.
pub(crate) const ACT: LockType = LockType::NoKeyUpdate;

/// Locks the person until the caller's transaction ends, so that acts on one person follow one another.
pub(crate) async fn lock(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(subscriber).lock(ACT).one(conn).await
}

/// Locks the person against whatever refers to them, too: for who deletes them or changes their address, which is a key.
/// Whoever got a weaker lock first could find somebody waiting for them to whom they must wait.
pub(crate) async fn lock_whole(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(subscriber).lock_exclusive().one(conn).await
}

/// Locks these people in the order of their ids, in which everybody does who locks several.
pub(crate) async fn lock_all(
    conn: &impl ConnectionTrait,
    people: impl IntoIterator<Item = SubscriberId>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find().filter(Column::Id.is_in(people)).order_by_asc(Column::Id).lock(ACT).all(conn).await
}

pub(crate) async fn change(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    row: ActiveModel,
) -> Result<(), DbErr> {
    let which = Condition::all().add(Column::Id.eq(subscriber));
    Entity::update_many().set(row).filter(which).exec(conn).await?;
    Ok(())
}
