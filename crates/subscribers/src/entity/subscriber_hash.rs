use domain::{KeyId, SubscriberId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriber_hashes")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) subscriber_id: SubscriberId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) generation: KeyId,
    pub(crate) hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
