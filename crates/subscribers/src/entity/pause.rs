use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, SubscriberId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pauses")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) subscriber_id: SubscriberId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) brand_id: BrandId,
    pub(crate) until: DateTime<Utc>,
    /// Who asked for this end, and when; unknown of pauses from before eshot kept it.
    pub(crate) set_at: Option<DateTime<Utc>>,
    pub(crate) set_by: Option<Actor>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) ended_by: Option<Actor>,
}

impl ActiveModelBehavior for ActiveModel {}
