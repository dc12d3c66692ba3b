use chrono::{DateTime, Utc};
use domain::{BrandId, SubscriberId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tracking_consents")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) subscriber_id: SubscriberId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) brand_id: BrandId,
    pub(crate) since: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
