use chrono::{DateTime, Utc};
use domain::{Actor, EmailAddress, Locale, MailboxProvider, SubscriberId};
use sea_orm::entity::prelude::*;

use crate::private::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscribers")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: SubscriberId,
    pub(crate) email: EmailAddress,
    pub(crate) name: Option<Private>,
    pub(crate) company: Option<Private>,
    pub(crate) phone: Option<Private>,
    pub(crate) postal_address: Option<Private>,
    pub(crate) locale: Locale,
    pub(crate) provider: MailboxProvider,
    pub(crate) attributes: Private,
    pub(crate) tracking_consent: bool,
    pub(crate) score: i32,
    pub(crate) score_since: Option<DateTime<Utc>>,
    pub(crate) score_last_at: Option<DateTime<Utc>>,
    pub(crate) domain_gone_at: Option<DateTime<Utc>>,
    pub(crate) domain_look_at: Option<DateTime<Utc>>,
    pub(crate) provider_look_at: Option<DateTime<Utc>>,
    pub(crate) last_success_at: Option<DateTime<Utc>>,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) updated_by: Actor,
}

impl ActiveModelBehavior for ActiveModel {}
