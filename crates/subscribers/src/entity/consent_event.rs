use chrono::{DateTime, Utc};
use domain::{BrandId, ConsentEventId, FormVersionId, SubscriberId, TopicId};
use sea_orm::entity::prelude::*;

use crate::Basis;
use crate::consent::Act;
use crate::private::Private;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_events")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ConsentEventId,
    pub(crate) seq: Option<i64>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) act: Act,
    pub(crate) brand_id: BrandId,
    pub(crate) topic_id: Option<TopicId>,
    pub(crate) form_version_id: Option<FormVersionId>,
    pub(crate) basis: Option<Basis>,
    pub(crate) actor_kind: String,
    pub(crate) subscriber_id: Option<SubscriberId>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) evidence: Option<Private>,
    pub(crate) evidence_digest: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
