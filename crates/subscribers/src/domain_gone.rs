//! Whether the domain of an address is gone. A mail server's word is the occasion to look; what counts is that our own
//! look-ups say so on two days, by name servers that find our own domain.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use database::Database;
use database::lease::{self, Lease};
use dns::{LookupError, Resolver};
use domain::{Actor, EmailAddress, SubscriberId};
use futures_util::future::join_all;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::subscriber::{ActiveModel, Column, Entity, Model};
use crate::suppression::{Origin, Reason};
use crate::{Error, health};

/// How many people a round takes, and how many domains it looks up, all at once.
const PEOPLE: u64 = 200;
const DOMAINS: usize = 20;

/// How many people a transaction takes: others wait for it on SQLite.
const CHUNK: usize = 25;

/// When a domain that was gone is looked up for the second time.
const SECOND_LOOK: Duration = Duration::days(1);

/// When it is tried again if nobody answered.
const NO_ANSWER: Duration = Duration::hours(6);

/// A day on which the domain was gone counts for this long: two bad days in a year prove nothing.
const FIRST_COUNTS: Duration = Duration::days(30);

/// What a look-up found.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Found {
    /// No mail can reach the domain.
    Gone,
    /// The domain takes mail, as far as the DNS can tell.
    There,
    /// Nobody said.
    NoAnswer,
}

/// What follows for a person.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Next {
    /// The domain is gone: no more mail.
    Suppress,
    /// It is not: all is forgotten.
    Forget,
    /// It is looked up again `at` a time; `first` is the day on which it was gone before.
    Look { first: Option<DateTime<Utc>>, at: DateTime<Utc> },
}

/// What a round of look-ups found.
#[derive(Debug)]
pub struct Looked {
    /// Each domain with those of its people who were due.
    found: Vec<(String, Vec<SubscriberId>, Found)>,
    more: bool,
}

/// Looks up the domains that servers did not find and whose time has come, a bounded number in each call, each domain once.
///
/// That a domain is gone is believed only if the same name servers, asked anew, find that one of our own is not.
pub async fn look(db: &Database, resolver: &Resolver, now: DateTime<Utc>) -> Result<Looked, Error> {
    let due = due(db.reader(), now).await?;
    let mut more = due.len() as u64 == PEOPLE;
    let mut domains: BTreeMap<&str, BTreeSet<SubscriberId>> = BTreeMap::new();
    for (id, email) in &due {
        // Who has waited longest comes first, and with them whoever is at the same domain.
        if domains.len() == DOMAINS && !domains.contains_key(email.domain()) {
            more = true;
            continue;
        }
        domains.entry(email.domain()).or_default().insert(*id);
    }
    let looks = domains.keys().map(|domain| resolver.domain_gone(domain));
    let mut looks: Vec<_> = join_all(looks).await.into_iter().map(Found::from).collect();
    if looks.contains(&Found::Gone) && !finds_ours(db, resolver).await? {
        tracing::warn!("the name servers find none of our own domains, so it proves nothing that they find no others");
        for found in looks.iter_mut().filter(|found| **found == Found::Gone) {
            *found = Found::NoAnswer;
        }
    }
    let domains = domains.into_iter().map(|(domain, people)| (domain.to_owned(), people.into_iter().collect()));
    let found = domains.zip(looks).map(|((domain, people), found)| (domain, people, found)).collect();
    Ok(Looked { found, more })
}

/// Writes down what follows from the look-ups, and suppresses whose domain is gone on a second day. Says whether there may be
/// more to look up.
///
/// Whoever calls it holds `lease`, one role for all instances, and takes `now` after the look-ups: they may have taken so long
/// that the role is another's.
pub async fn settle(db: &Database, lease: &Lease, looked: Looked, now: DateTime<Utc>) -> Result<bool, Error> {
    for (domain, people, found) in looked.found {
        for people in people.chunks(CHUNK) {
            settle_some(db, lease, &domain, people, found, now).await?;
        }
    }
    Ok(looked.more)
}

/// Forgets that a person's domain was not found, and looks it up no more, in the caller's transaction.
pub async fn forget(conn: &impl ConnectionTrait, subscriber: SubscriberId) -> Result<(), DbErr> {
    if health::lock(conn, subscriber).await?.is_none() {
        return Ok(());
    }
    let row = ActiveModel { domain_gone_at: Set(None), domain_look_at: Set(None), ..ActiveModel::default() };
    health::change(conn, subscriber, row).await
}

/// Whether mail can reach a domain of ours, by the same question and the same name servers: one that answers "no such name" to
/// everything says nothing about anybody.
async fn finds_ours(db: &Database, resolver: &Resolver) -> Result<bool, Error> {
    let brands = brands::list(db.reader()).await?;
    let ours = brands
        .iter()
        .flat_map(|brand| [brand.bounce_domain.as_str(), brand.from_address.domain(), brand.sending_domain.as_str()]);
    let ours: BTreeSet<&str> = ours.take(DOMAINS).collect();
    // An answer of better days would hide what the name servers say now.
    resolver.forget();
    let looks = join_all(ours.into_iter().map(|domain| resolver.domain_gone(domain))).await;
    Ok(looks.into_iter().any(|gone| matches!(gone, Ok(false))))
}

async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<(SubscriberId, EmailAddress)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::Email])
        .filter(Column::DomainLookAt.lte(now))
        .order_by_asc(Column::DomainLookAt)
        .limit(PEOPLE)
        .into_tuple()
        .all(conn)
        .await
}

/// Writes down what a look-up means for some people, those of them who are due still and have the domain still.
async fn settle_some(
    db: &Database,
    lease: &Lease,
    domain: &str,
    people: &[SubscriberId],
    found: Found,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let txn = lease::begin(db, lease, now).await?;
    let people = health::lock_all(&txn, people.iter().copied()).await?;
    let due = |person: &&Model| person.domain_look_at.is_some_and(|at| at <= now) && person.email.domain() == domain;
    for person in people.iter().filter(due) {
        let (first, again) = match next(found, person.domain_gone_at, now) {
            Next::Look { first, at } => (first, Some(at)),
            Next::Forget => (None, None),
            Next::Suppress => {
                let rule = Actor::rule("dns.domain-gone");
                health::suppress(&txn, person.id, None, Reason::DomainGone, &rule, Origin::default(), now).await?;
                (None, None)
            }
        };
        let row = ActiveModel { domain_gone_at: Set(first), domain_look_at: Set(again), ..ActiveModel::default() };
        health::change(&txn, person.id, row).await?;
    }
    Ok(txn.commit().await?)
}

/// What follows from a look-up for a person whose domain was gone before on the day `first`, if on any.
fn next(found: Found, first: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Next {
    match (found, first.map(|first| (first, now - first))) {
        (Found::There, _) => Next::Forget,
        (Found::NoAnswer, _) => Next::Look { first, at: now + NO_ANSWER },
        (Found::Gone, Some((first, ago))) if ago < SECOND_LOOK => {
            Next::Look { first: Some(first), at: first + SECOND_LOOK }
        }
        (Found::Gone, Some((_, ago))) if ago <= FIRST_COUNTS => Next::Suppress,
        (Found::Gone, _) => Next::Look { first: Some(now), at: now + SECOND_LOOK },
    }
}

impl From<Result<bool, LookupError>> for Found {
    fn from(answer: Result<bool, LookupError>) -> Self {
        match answer {
            Ok(true) => Self::Gone,
            Ok(false) => Self::There,
            Err(_) => Self::NoAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_gone_when_two_days_within_a_month_say_so() {
        let first = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let after = |hours: i64| first + Duration::hours(hours);
        let look = |first, at| Next::Look { first, at };
        for (found, before, now, expected) in [
            (Found::Gone, None, after(0), look(Some(first), after(24))),
            (Found::Gone, Some(first), after(23), look(Some(first), after(24))),
            (Found::Gone, Some(first), after(24), Next::Suppress),
            (Found::Gone, Some(first), after(30 * 24), Next::Suppress),
            (Found::Gone, Some(first), after(31 * 24), look(Some(after(31 * 24)), after(32 * 24))),
            (Found::There, None, after(0), Next::Forget),
            (Found::There, Some(first), after(24), Next::Forget),
            (Found::NoAnswer, None, after(0), look(None, after(6))),
            (Found::NoAnswer, Some(first), after(24), look(Some(first), after(30))),
        ] {
            assert_eq!(next(found, before, now), expected, "{found:?} at {now}, before at {before:?}");
        }
    }
}
