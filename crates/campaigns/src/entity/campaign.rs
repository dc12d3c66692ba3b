use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, CampaignId, MailingNo, SubscriberId, TopicId};
use sea_orm::entity::prelude::*;

use crate::{CampaignStatus, PauseReason};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "campaigns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CampaignId,
    pub brand_id: BrandId,
    pub topic_id: TopicId,
    pub name: String,
    pub subject: String,
    pub preheader: String,
    pub body: String,
    pub status: CampaignStatus,
    pub paused_why: Option<PauseReason>,
    pub send_at: Option<DateTime<Utc>>,
    pub compiled: Option<String>,
    pub mailing_no: Option<MailingNo>,
    pub launch_after: Option<SubscriberId>,
    pub launch_band: Option<i32>,
    pub launched_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub created_by: Actor,
    pub updated_at: DateTime<Utc>,
    pub updated_by: Actor,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
