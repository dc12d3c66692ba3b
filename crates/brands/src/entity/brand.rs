use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, EmailAddress, Locale};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "brands")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: BrandId,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) from_name: String,
    pub(crate) from_address: EmailAddress,
    pub(crate) reply_to: Option<EmailAddress>,
    pub(crate) postal_address: String,
    pub(crate) website: Option<String>,
    pub(crate) privacy_url: Option<String>,
    pub(crate) accent: String,
    pub(crate) locale: Locale,
    pub(crate) sending_domain: String,
    pub(crate) bounce_domain: String,
    pub(crate) base_url: String,
    pub(crate) soft_bounce_limit: i32,
    pub(crate) soft_bounce_days: i32,
    pub(crate) alerts_address: Option<EmailAddress>,
    pub(crate) anonymous_clicks: bool,
    pub(crate) hits_kept_days: i32,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) updated_by: Actor,
}

impl ActiveModelBehavior for ActiveModel {}
