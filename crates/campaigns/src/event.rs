use chrono::{DateTime, Utc};
use domain::{Actor, CampaignId};
use sea_orm::{ActiveValue, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use crate::entity::event::{ActiveModel, Column, Entity, Model};
use crate::{CampaignEvent, CampaignStatus, PauseReason};

/// One thing that happened to a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub event: CampaignEvent,
    /// Where the campaign stood before.
    pub from: CampaignStatus,
    /// Where it stood then.
    pub to: CampaignStatus,
    /// Who did it.
    pub actor: Actor,
    /// Why it was paused, if too much of it went wrong.
    pub because: Option<PauseReason>,
}

/// Everything that happened to a campaign, in order.
pub async fn history(conn: &impl ConnectionTrait, id: CampaignId) -> Result<Vec<HistoryEntry>, DbErr> {
    let rows = Entity::find().filter(Column::CampaignId.eq(id)).order_by_asc(Column::Id).all(conn).await?;
    Ok(rows.into_iter().map(HistoryEntry::from).collect())
}

pub(crate) async fn append(
    conn: &impl ConnectionTrait,
    id: CampaignId,
    event: CampaignEvent,
    (from, to): (CampaignStatus, CampaignStatus),
    why: Option<PauseReason>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        id: ActiveValue::NotSet,
        campaign_id: ActiveValue::Set(id),
        at: ActiveValue::Set(now),
        event: ActiveValue::Set(event),
        from_status: ActiveValue::Set(from),
        to_status: ActiveValue::Set(to),
        actor: ActiveValue::Set(actor.clone()),
        why: ActiveValue::Set(why),
    };
    Entity::insert(row).exec_without_returning(conn).await.map(drop)
}

impl From<Model> for HistoryEntry {
    fn from(row: Model) -> Self {
        Self {
            at: row.at,
            event: row.event,
            from: row.from_status,
            to: row.to_status,
            actor: row.actor,
            because: row.why,
        }
    }
}
