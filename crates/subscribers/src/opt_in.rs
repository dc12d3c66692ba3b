//! Double opt-in: somebody asks with an address, and whoever reads that mailbox confirms.

mod ask;
mod confirm;
mod due;
mod mail;
mod request;

pub use confirm::{confirm, open};
pub use due::{expire_due, remind_due};
pub(crate) use mail::send;
pub use request::{invite, request, resend};

use chrono::{DateTime, Utc};
use domain::{BrandId, EmailAddress, FormVersionId, Locale, OptInId, SubscriberId, TopicId};
use sea_orm::{DeriveActiveEnum, EnumIter};

use crate::form::Field;
use crate::topic::Topic;
use crate::{Error, Evidence, Profile};

/// How a request to subscribe stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum State {
    /// Waiting to be confirmed.
    Pending,
    /// Confirmed.
    Confirmed,
    /// Nobody confirmed in time.
    Expired,
    /// A newer request asks for the same; the link still works.
    Superseded,
}

/// A filled-in form.
#[derive(Clone, Debug)]
pub struct Request {
    /// The form as the person saw it.
    pub form_version: FormVersionId,
    /// The address that they gave.
    pub email: EmailAddress,
    /// What they told besides. It is kept with the request and goes on file when the address is confirmed.
    pub profile: Profile,
    /// What they ticked.
    pub topics: Vec<TopicId>,
    /// The language of the page.
    pub locale: Locale,
    /// From where.
    pub evidence: Evidence,
}

/// A person whom staff or a program asks to subscribe.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// On whose behalf.
    pub brand: BrandId,
    /// The address.
    pub email: EmailAddress,
    /// What is known besides; goes on file when the address is confirmed.
    pub profile: Profile,
    /// To what.
    pub topics: Vec<TopicId>,
    /// The language of the mail.
    pub locale: Locale,
    /// Why they are asked, in words: goes into the consent ledger.
    pub stated: String,
}

/// Why a form is not taken. None of it says whether an address is on file.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There is no such version of a form.
    #[error("form version {0} does not exist")]
    UnknownForm(FormVersionId),
    /// Nothing is ticked.
    #[error("no topic is chosen; choose at least one")]
    NoTopic,
    /// The form does not offer it, or it is archived.
    #[error("topic {0} is not offered here")]
    UnknownTopic(TopicId),
    /// The form asks for it.
    #[error("{0} is missing")]
    Missing(Field),
    /// The form does not ask for it.
    #[error("{0} is not asked for here")]
    NotAsked(Field),
    /// It was not possible, or a field cannot be kept.
    #[error(transparent)]
    Other(#[from] Error),
}

/// A request as its link shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptIn {
    /// Its id.
    pub id: OptInId,
    /// Who asked.
    pub subscriber: SubscriberId,
    /// Of whom.
    pub brand: BrandId,
    /// On which form.
    pub form_version: Option<FormVersionId>,
    /// For what; its link confirms exactly these.
    pub topics: Vec<Topic>,
    /// How it stands. One whose time is over is expired, even before it is written down.
    pub state: State,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// Until when it can be confirmed.
    pub expires_at: DateTime<Utc>,
}

/// What became of a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// The person is subscribed to these now.
    Confirmed(Vec<Topic>),
    /// They confirmed before; nothing changes.
    AlreadyConfirmed,
    /// Too late.
    Expired,
    /// They left all of it since they asked.
    Withdrawn,
}
