//! Whether a brand may count a person one by one when they open and click: consent with a purpose of its own.
//!
//! Nobody has given it before they say so. It is given with the mailbox in hand, like everything that adds to what is done with a
//! person, and withdrawn by whoever holds one of their mails; both hold from the commit on, and both are entries of the ledger.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, BrandId, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect, TransactionTrait,
};

use crate::consent::{self, Act, Entry};
use crate::entity::subscriber;
use crate::entity::tracking_consent::{ActiveModel, Column, Entity};
use crate::{Basis, Error, Evidence, Source, health};

/// The person agrees to be counted by this brand, having read these words. Says whether that is news.
pub async fn allow(
    db: &Database,
    person: SubscriberId,
    brand: BrandId,
    words: &str,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let txn = db.begin().await?;
    let Some(person) = health::lock(&txn, person).await? else { return Ok(false) };
    let row = ActiveModel { subscriber_id: Set(person.id), brand_id: Set(brand), since: Set(now) };
    let once = OnConflict::columns([Column::SubscriberId, Column::BrandId]).do_nothing().to_owned();
    let news = Entity::insert(row).on_conflict(once).exec_without_returning(&txn).await? == 1;
    if news {
        note(&txn, &person, brand, Act::TrackingAllowed, Some(words), evidence, now).await?;
    }
    txn.commit().await?;
    Ok(news)
}

/// The person is to be counted by this brand no longer. Says whether that is news.
pub async fn withdraw(
    db: &Database,
    person: SubscriberId,
    brand: BrandId,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let txn = db.begin().await?;
    let Some(person) = health::lock(&txn, person).await? else { return Ok(false) };
    let news = Entity::delete_by_id((person.id, brand)).exec(&txn).await?.rows_affected == 1;
    if news {
        note(&txn, &person, brand, Act::TrackingWithdrawn, None, evidence, now).await?;
    }
    txn.commit().await?;
    Ok(news)
}

/// Whether this brand may count the person.
pub async fn is_allowed(conn: &impl ConnectionTrait, person: SubscriberId, brand: BrandId) -> Result<bool, DbErr> {
    Ok(Entity::find_by_id((person, brand)).one(conn).await?.is_some())
}

/// Those of these people whom this brand may count.
pub async fn among(
    conn: &impl ConnectionTrait,
    brand: BrandId,
    people: &[SubscriberId],
) -> Result<HashSet<SubscriberId>, DbErr> {
    let mut found = HashSet::new();
    let backend = conn.get_database_backend();
    // SQLite knows 32,766 parameters.
    for people in people.chunks(1_000) {
        let rows = Entity::find().select_only().column(Column::SubscriberId).filter(Column::BrandId.eq(brand));
        let ids = people.iter().map(|id| id.uuid());
        let rows = rows.filter(database::among(backend, Column::SubscriberId.into_expr(), ids));
        found.extend(rows.into_tuple::<SubscriberId>().all(conn).await?);
    }
    Ok(found)
}

/// Says it on the person's row as well, which every mail is made from, and in the ledger.
async fn note(
    txn: &(impl ConnectionTrait + TransactionTrait),
    person: &subscriber::Model,
    brand: BrandId,
    act: Act,
    words: Option<&str>,
    evidence: &Evidence,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let any = Entity::find().filter(Column::SubscriberId.eq(person.id)).count(txn).await? > 0;
    subscriber::Entity::update_many()
        .col_expr(subscriber::Column::TrackingConsent, Expr::value(any))
        .filter(subscriber::Column::Id.eq(person.id))
        .exec(txn)
        .await?;
    let entry = Entry {
        act,
        subscriber: person.id,
        email: &person.email,
        brand,
        topic: None,
        form: None,
        opt_in: None,
        basis: words.map(|_| Basis::Consent),
        source: Some(Source::Page),
        note: words,
        actor: &Actor::Subscriber(person.id),
        evidence,
    };
    Ok(consent::record(txn, entry, now).await?)
}
