use chrono::{DateTime, Utc};
use domain::{Actor, DkimKeyId};
use sea_orm::entity::prelude::*;

use crate::key::Algorithm;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dkim_keys")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: DkimKeyId,
    pub(crate) domain: String,
    pub(crate) selector: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) sealed: Vec<u8>,
    pub(crate) public: Vec<u8>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Actor,
    pub(crate) retired_at: Option<DateTime<Utc>>,
    pub(crate) retired_by: Option<Actor>,
}

impl ActiveModelBehavior for ActiveModel {}
