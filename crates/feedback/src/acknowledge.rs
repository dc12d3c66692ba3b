//! Somebody has looked at what was for a person to decide.

use chrono::{DateTime, Utc};
use domain::{Actor, ReturnedMailId};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::entity::{ActiveModel, Column, Entity};
use crate::{Kept, Standing, kept};

/// Why a mail cannot be acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgeError {
    /// There is no such mail.
    #[error("returned mail {0} does not exist")]
    NotFound(ReturnedMailId),
    /// It asks for nobody.
    #[error("returned mail {0} waits for nobody: it was dealt with")]
    Settled(ReturnedMailId),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] DbErr),
}

/// Says that somebody has looked at a mail that waits for a person, in the caller's transaction. Twice is harmless; the first stays.
pub async fn acknowledge(
    conn: &impl ConnectionTrait,
    id: ReturnedMailId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Kept, AcknowledgeError> {
    let waiting = [Standing::ToLookAt, Standing::NotUnderstood, Standing::Refused];
    let row = ActiveModel {
        acknowledged_at: Set(Some(now)),
        acknowledged_by: Set(Some(actor.clone())),
        ..ActiveModel::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::Id.eq(id))
        .filter(Column::AcknowledgedAt.is_null())
        .filter(Column::Standing.is_in(waiting))
        .exec(conn)
        .await?;
    let mail = kept::find(conn, id).await?.ok_or(AcknowledgeError::NotFound(id))?;
    if mail.acknowledged.is_none() { Err(AcknowledgeError::Settled(id)) } else { Ok(mail) }
}
