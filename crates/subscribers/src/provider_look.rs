//! Who keeps the mailboxes of a domain that no table names: a company's own, perhaps, or a provider that hosts it. Its MX tells.
//!
//! Whoever comes on file is not kept waiting for name servers: they are asked later, and mail that is queued by then goes by
//! the name alone.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use database::Database;
use database::lease::{self, Lease};
use dns::Resolver;
use domain::{EmailAddress, MailboxProvider, SubscriberId};
use futures_util::future::join_all;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::Error;
use crate::entity::subscriber::{ActiveModel, Column, Entity};

/// How many people a round takes, and how many domains it looks up, all at once.
const PEOPLE: u64 = 1_000;
const DOMAINS: usize = 50;

/// How many people a transaction takes: others wait for it on SQLite.
const CHUNK: usize = 100;

/// When it is tried again if nobody answered.
const NO_ANSWER: Duration = Duration::hours(6);

/// What a round of look-ups found.
#[derive(Debug)]
pub struct Looked {
    /// Who keeps the mailboxes of some people, who are at one domain; nothing where no name server said.
    found: Vec<(Option<MailboxProvider>, Vec<Person>)>,
    more: bool,
}

type Person = (SubscriberId, EmailAddress);

/// When to ask who keeps the mailboxes of somebody whom no table names.
pub(crate) fn when(provider: &MailboxProvider, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    (*provider == MailboxProvider::other()).then_some(now)
}

/// Looks up the domains of people whose provider is not known, a bounded number in each call, each domain once.
pub async fn look(db: &Database, resolver: &Resolver, now: DateTime<Utc>) -> Result<Looked, Error> {
    let due = due(db.reader(), now).await?;
    let mut more = due.len() as u64 == PEOPLE;
    let mut domains: BTreeMap<String, Vec<Person>> = BTreeMap::new();
    for (id, email) in due {
        if domains.len() == DOMAINS && !domains.contains_key(email.domain()) {
            more = true;
            continue;
        }
        domains.entry(email.domain().to_owned()).or_default().push((id, email));
    }
    let looks = join_all(domains.keys().map(|domain| resolver.provider(domain))).await;
    let found = looks.into_iter().zip(domains.into_values()).map(|(look, people)| (look.ok(), people)).collect();
    Ok(Looked { found, more })
}

/// Writes down what the look-ups found. Says whether there is more to look up.
///
/// Whoever calls it holds `lease`, one role for all instances, and takes `now` after the look-ups.
pub async fn settle(db: &Database, lease: &Lease, looked: Looked, now: DateTime<Utc>) -> Result<bool, Error> {
    for (provider, people) in looked.found {
        for people in people.chunks(CHUNK) {
            let txn = lease::begin(db, lease, now).await?;
            note(&txn, provider.as_ref(), people, now).await?;
            txn.commit().await?;
        }
    }
    Ok(looked.more)
}

async fn due(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<Person>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::Email])
        .filter(Column::ProviderLookAt.lte(now))
        .order_by_asc(Column::ProviderLookAt)
        .limit(PEOPLE)
        .into_tuple()
        .all(conn)
        .await
}

/// Notes it for those who have the address still.
async fn note(
    conn: &impl ConnectionTrait,
    provider: Option<&MailboxProvider>,
    people: &[Person],
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let again = provider.is_none().then(|| now + NO_ANSWER);
    let row = ActiveModel { provider_look_at: Set(again), ..ActiveModel::default() };
    let mut update = Entity::update_many()
        .set(row)
        .filter(Column::Id.is_in(people.iter().map(|(id, _)| *id)))
        .filter(Column::Email.is_in(people.iter().map(|(_, email)| email.clone())))
        .filter(Column::ProviderLookAt.is_not_null());
    if let Some(provider) = provider.filter(|provider| **provider != MailboxProvider::other()) {
        // It is among what a person's view shows, so the view is another from now on.
        update = update
            .col_expr(Column::Provider, Expr::value(provider.clone()))
            .col_expr(Column::Version, Expr::col(Column::Version).add(1));
    }
    update.exec(conn).await.map(drop)
}
