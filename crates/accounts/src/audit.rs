//! Who did what to what, in order. Entries are appended and never changed, save that an erased person is taken out of them.
//!
//! What programs do through the API is written by `web`, for every operation alike; commands write their own.

use chrono::{DateTime, Utc};
use domain::Actor;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;

use crate::entity::audit_log::{ActiveModel, Column, Entity, Model};

/// One act.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place in the log.
    pub id: i64,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// By whom.
    pub actor: Actor,
    /// What was done, such as `brand.update`.
    pub act: String,
    /// To what, such as `brand:01936b2e-…`.
    pub object: String,
    /// What else is worth knowing.
    pub detail: Option<Value>,
}

/// Writes an act down, in the transaction that does it.
pub async fn record(
    conn: &impl ConnectionTrait,
    actor: &Actor,
    act: &str,
    object: &str,
    detail: Option<Value>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        at: Set(now),
        actor: Set(actor.clone()),
        act: Set(act.to_owned()),
        object: Set(object.to_owned()),
        detail: Set(detail.map(|detail| detail.to_string())),
        ..ActiveModel::default()
    };
    Entity::insert(row).exec_without_returning(conn).await.map(drop)
}

/// Names an object by something else wherever it stands, such as an erased person's id. That something was done stays.
pub async fn forget(conn: &impl ConnectionTrait, object: &str, instead: &str) -> Result<u64, DbErr> {
    let renamed = ActiveModel { object: Set(instead.to_owned()), ..ActiveModel::default() };
    let renamed = Entity::update_many().set(renamed).filter(Column::Object.eq(object)).exec(conn).await?;
    Ok(renamed.rows_affected)
}

/// The newest acts first: those on one object if it is given, and only those before an entry if that is given.
pub async fn list(
    conn: &impl ConnectionTrait,
    object: Option<&str>,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<Entry>, DbErr> {
    let mut select = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(object) = object {
        select = select.filter(Column::Object.eq(object));
    }
    if let Some(before) = before {
        select = select.filter(Column::Id.lt(before));
    }
    Ok(select.all(conn).await?.into_iter().map(Entry::from).collect())
}

impl From<Model> for Entry {
    fn from(row: Model) -> Self {
        // What is no JSON is shown as the text that it is: a log must not become unreadable by one entry.
        let detail = row.detail.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self { id: row.id, at: row.at, actor: row.actor, act: row.act, object: row.object, detail }
    }
}
