use chrono::{DateTime, Utc};
use domain::Actor;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub(crate) struct Model {
    #[sea_orm(primary_key)]
    pub(crate) id: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor: Actor,
    pub(crate) act: String,
    pub(crate) object: String,
    pub(crate) detail: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
