use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, FormId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "forms")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: FormId,
    pub(crate) brand_id: BrandId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) current_version: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) updated_by: Actor,
}

impl ActiveModelBehavior for ActiveModel {}
