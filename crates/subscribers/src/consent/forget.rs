use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, SubscriberId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::RecordError;
use super::record::record_erasure;
use crate::entity::consent_event::{ActiveModel, Column, Entity};

/// Empties person, salt and evidence of a person's entries, and notes for each of their brands that somebody was erased.
/// What was hashed of them stays, so the chain stays true. Says how many entries there were.
pub(crate) async fn forget(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<u64, RecordError> {
    let rows = Entity::find().filter(Column::SubscriberId.eq(subscriber)).all(conn).await?;
    let brands: BTreeSet<BrandId> = rows.iter().map(|row| row.brand_id).collect();
    let emptied =
        ActiveModel { subscriber_id: Set(None), salt: Set(None), evidence: Set(None), ..ActiveModel::default() };
    let emptied = Entity::update_many().set(emptied).filter(Column::SubscriberId.eq(subscriber)).exec(conn).await?;
    for brand in brands {
        record_erasure(conn, brand, actor, now).await?;
    }
    Ok(emptied.rows_affected)
}
