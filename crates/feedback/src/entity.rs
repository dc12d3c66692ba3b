//! Table `returned_mail`: what came back, kept as it was.

use chrono::{DateTime, Utc};
use database::private::{Private, PrivateBytes};
use domain::{Actor, MailingNo, Ordinal, ReturnedMailId, SubscriberId};
use sea_orm::entity::prelude::*;

use crate::{Effect, Standing};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "returned_mail")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: ReturnedMailId,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) digest: Vec<u8>,
    pub(crate) source: String,
    pub(crate) envelope_from: Private,
    pub(crate) envelope_to: Private,
    pub(crate) raw: PrivateBytes,
    pub(crate) kind: String,
    pub(crate) standing: Standing,
    pub(crate) subscriber_id: Option<SubscriberId>,
    pub(crate) mailing_no: Option<MailingNo>,
    pub(crate) ordinal: Option<Ordinal>,
    pub(crate) class: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) words: Option<Private>,
    pub(crate) effect: Option<Effect>,
    pub(crate) released_at: Option<DateTime<Utc>>,
    pub(crate) released_by: Option<Actor>,
    pub(crate) released_why: Option<Private>,
    pub(crate) acknowledged_at: Option<DateTime<Utc>>,
    pub(crate) acknowledged_by: Option<Actor>,
    pub(crate) signature_look_at: Option<DateTime<Utc>>,
}

impl ActiveModelBehavior for ActiveModel {}
