use chrono::{DateTime, Utc};
use domain::KeyId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_blocks")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) no: i64,
    pub(crate) first_seq: i64,
    pub(crate) last_seq: i64,
    pub(crate) previous: Vec<u8>,
    pub(crate) head: Vec<u8>,
    pub(crate) key_id: KeyId,
    pub(crate) signature: Vec<u8>,
    pub(crate) sealed_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
