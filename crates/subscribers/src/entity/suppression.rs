use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, KeyId, MailingNo, Ordinal, ReturnedMailId, SuppressionId};
use sea_orm::entity::prelude::*;

use crate::suppression::Reason;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suppressions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: SuppressionId,
    pub(crate) scheme: i16,
    pub(crate) generation: KeyId,
    pub(crate) hash: Vec<u8>,
    pub(crate) brand_id: Option<BrandId>,
    pub(crate) reason: Reason,
    pub(crate) detail: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
    pub(crate) lifted_at: Option<DateTime<Utc>>,
    pub(crate) lifted_by: Option<Actor>,
    pub(crate) lifted_why: Option<String>,
    pub(crate) mailing_no: Option<MailingNo>,
    pub(crate) ordinal: Option<Ordinal>,
    pub(crate) returned_mail_id: Option<ReturnedMailId>,
}

impl ActiveModelBehavior for ActiveModel {}
