use chrono::{DateTime, Utc};
use domain::{AccessId, BrandId, SubscriberId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "access_links")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: AccessId,
    pub(crate) subscriber_id: SubscriberId,
    pub(crate) brand_id: BrandId,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) used_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}
