use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, TopicId, TopicNo};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "topics")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TopicId,
    pub(crate) no: TopicNo,
    pub(crate) brand_id: BrandId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) position: i32,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) updated_by: Actor,
    pub(crate) archived_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}
