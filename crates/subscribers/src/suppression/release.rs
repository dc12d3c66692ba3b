//! Staff take a suppression back. What was counted against the person goes with it, or the next failure would bring it back at once.

use activity::{Fact, Kind};
use chrono::{DateTime, Utc};
use database::{Database, sql};
use domain::{Actor, BrandId, ReturnedMailId, SubscriberId, SuppressionId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;

use super::store::put_lifted;
use super::{Lifter, Origin, Reason, Suppression, Unliftable};
use crate::entity::suppression::{Column, Entity, Model};
use crate::health::{self, ACT};

/// Why a suppression could not be lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// There is none.
    #[error("suppression {0} does not exist")]
    NotFound(SuppressionId),
    /// It is not theirs to lift.
    #[error(transparent)]
    Unliftable(#[from] Unliftable),
    /// The fact could not be written.
    #[error("the fact of a release cannot be written")]
    Activity(#[from] activity::Error),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Lifts an entry, if the actor may. Lifting it again is harmless.
pub async fn lift(
    db: &Database,
    id: SuppressionId,
    why: Option<&str>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Suppression, LiftError> {
    let txn = db.begin().await?;
    let row = Entity::find_by_id(id).one(&txn).await?.ok_or(LiftError::NotFound(id))?;
    lift_row(&txn, &row, why, actor, now).await?;
    let row = Entity::find_by_id(id).one(&txn).await?.ok_or(LiftError::NotFound(id))?;
    txn.commit().await?;
    Ok(row.into())
}

/// Lifts what a returned mail has brought about, likewise, in the caller's transaction. Says what they were for.
pub async fn lift_by_report(
    conn: &impl ConnectionTrait,
    report: ReturnedMailId,
    why: &str,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Vec<Reason>, LiftError> {
    let rows = Entity::find().filter(Column::ReturnedMailId.eq(report)).filter(Column::LiftedAt.is_null());
    let rows = rows.order_by_asc(Column::Id).all(conn).await?;
    for row in &rows {
        lift_row(conn, row, Some(why), actor, now).await?;
    }
    Ok(rows.into_iter().map(|row| row.reason).collect())
}

async fn lift_row(
    conn: &impl ConnectionTrait,
    row: &Model,
    why: Option<&str>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), LiftError> {
    let lifter = match actor {
        Actor::User(_) | Actor::Token(_) | Actor::Operator => Lifter::Staff(why),
        // Rules, the program and the person have ways of their own; here they lift no more than a list does.
        Actor::Subscriber(_) | Actor::Rule(_) | Actor::System => Lifter::Import,
    };
    row.reason.lifted_by(lifter)?;
    let person = whose(conn, row).await?;
    // The person before the entry, as everybody locks them.
    if let Some(person) = person {
        health::lock(conn, person).await?;
    }
    // As it is now: somebody else may have lifted it.
    let still = Entity::find_by_id(row.id).lock(ACT).one(conn).await?.filter(|row| row.lifted_at.is_none());
    if still.is_none() {
        return Ok(());
    }
    put_lifted(conn, Condition::all().add(Column::Id.eq(row.id)), why, actor, now).await?;
    let Some(person) = person else { return Ok(()) };
    if row.reason.is_of_failures() {
        health::forgive(conn, person).await?;
    }
    let brands = match row.brand_id {
        Some(brand) => vec![brand],
        None => brands_of(conn, person).await?,
    };
    let detail = json!({ "reason": row.reason, "suppression": row.id, "why": why, "by": actor });
    let facts: Vec<Fact> = brands
        .into_iter()
        .map(|brand| {
            Fact::new(Kind::Released, brand, now).about(person).of(Origin::of(row).delivery).with(detail.clone())
        })
        .collect();
    Ok(activity::record_all(conn, &facts).await?)
}

#[derive(FromQueryResult)]
struct Person {
    subscriber_id: SubscriberId,
}

/// Who on file has the address of an entry.
async fn whose(conn: &impl ConnectionTrait, row: &Model) -> Result<Option<SubscriberId>, DbErr> {
    let sql = "SELECT subscriber_id FROM subscriber_hashes WHERE hash = $1";
    let person: Option<Person> = sql::one(conn, sql, [row.hash.clone().into()]).await?;
    Ok(person.map(|person| person.subscriber_id))
}

#[derive(FromQueryResult)]
struct Known {
    brand_id: BrandId,
}

/// The brands that know a person: those to which an entry for every one is of any matter.
async fn brands_of(conn: &impl ConnectionTrait, person: SubscriberId) -> Result<Vec<BrandId>, DbErr> {
    let sql = "SELECT DISTINCT t.brand_id FROM subscriptions s JOIN topics t ON t.id = s.topic_id \
               WHERE s.subscriber_id = $1 ORDER BY t.brand_id";
    let brands: Vec<Known> = sql::all(conn, sql, [person.into()]).await?;
    Ok(brands.into_iter().map(|known| known.brand_id).collect())
}
