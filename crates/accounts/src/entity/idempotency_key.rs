use chrono::{DateTime, Utc};
use domain::TokenId;
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) token_id: TokenId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) key: String,
    pub(crate) request: Vec<u8>,
    pub(crate) status: Option<i32>,
    pub(crate) body: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

impl ActiveModelBehavior for ActiveModel {}
