use chrono::{DateTime, Utc};
use domain::{Actor, TokenId};
use sea_orm::entity::prelude::*;

use crate::Scopes;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_tokens")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: TokenId,
    pub(crate) name: String,
    pub(crate) secret_hash: Vec<u8>,
    pub(crate) scopes: Scopes,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    pub(crate) revoked_by: Option<Actor>,
}

impl ActiveModelBehavior for ActiveModel {}
