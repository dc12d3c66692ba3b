use chrono::{DateTime, Utc};
use domain::{SubscriberId, TopicId};
use sea_orm::entity::prelude::*;

use crate::subscription::State;
use crate::{Basis, Source};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriptions")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) subscriber_id: SubscriberId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) topic_id: TopicId,
    pub(crate) state: State,
    pub(crate) basis: Basis,
    pub(crate) since: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    pub(crate) left_at: Option<DateTime<Utc>>,
    pub(crate) left_by: Option<Source>,
}

impl ActiveModelBehavior for ActiveModel {}
