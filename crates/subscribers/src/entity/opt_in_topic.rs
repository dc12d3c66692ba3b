use domain::{OptInId, TopicId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opt_in_topics")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) opt_in_id: OptInId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) topic_id: TopicId,
}

impl ActiveModelBehavior for ActiveModel {}
