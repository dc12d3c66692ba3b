use chrono::{DateTime, Utc};
use domain::{Actor, CampaignId};
use sea_orm::entity::prelude::*;

use crate::{CampaignEvent, CampaignStatus, PauseReason};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaign_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub campaign_id: CampaignId,
    pub at: DateTime<Utc>,
    pub event: CampaignEvent,
    pub from_status: CampaignStatus,
    pub to_status: CampaignStatus,
    pub actor: Actor,
    pub why: Option<PauseReason>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
