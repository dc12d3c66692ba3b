use chrono::{DateTime, Utc};
use domain::{BrandId, FormVersionId, OptInId, SubscriberId};
use sea_orm::entity::prelude::*;

use crate::opt_in::State;
use crate::private::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opt_ins")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: OptInId,
    pub(crate) subscriber_id: SubscriberId,
    pub(crate) brand_id: BrandId,
    pub(crate) form_version_id: Option<FormVersionId>,
    pub(crate) state: State,
    pub(crate) details: Private,
    pub(crate) requested_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) mailed_at: Option<DateTime<Utc>>,
    pub(crate) reminded_at: Option<DateTime<Utc>>,
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}
