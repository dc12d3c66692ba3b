use chrono::{DateTime, Utc};
use domain::{Actor, FormId, FormVersionId, Locale};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "form_versions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: FormVersionId,
    pub(crate) form_id: FormId,
    pub(crate) version: i32,
    pub(crate) locale: Locale,
    pub(crate) consent_words: String,
    pub(crate) definition: String,
    pub(crate) confirm_within_days: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
}

impl ActiveModelBehavior for ActiveModel {}
