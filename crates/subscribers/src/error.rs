use domain::{EmailAddress, OptInId, SubscriberId, TopicId, Unreachable};
use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::consent;
use crate::suppression::Reason;

/// Why something could not be done with a subscriber.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none, or none any more.
    #[error("subscriber {0} does not exist")]
    NotFound(SubscriberId),
    /// Somebody else was faster.
    #[error("subscriber {id} was changed meanwhile: it is at version {actual}, not {expected}")]
    Conflict {
        /// The subscriber.
        id: SubscriberId,
        /// The version that the change was meant for.
        expected: i64,
        /// The version that there is.
        actual: i64,
    },
    /// Nobody comes on file to whom no mail can be sent.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// Addresses are unique.
    #[error("there is a subscriber with the address {} already", .0.masked())]
    EmailTaken(EmailAddress),
    /// A field cannot be as it is.
    #[error("{field} {words}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What would be right.
        words: &'static str,
    },
    /// A field of the installation's own has no name that can be used.
    #[error("{0:?} is no name for an attribute; one has 1 to 40 small letters, digits and underscores")]
    Attribute(String),
    /// There is no such topic, or it is archived.
    #[error("topic {0} does not exist or takes nobody any more")]
    UnknownTopic(TopicId),
    /// Nobody's word brings back who is suppressed.
    #[error("the address is suppressed: {0}")]
    Suppressed(Reason),
    /// The row holds what was never written by this program.
    #[error("the row of subscriber {0} does not read as one")]
    Row(SubscriberId),
    /// The row of a request holds what was never written by this program.
    #[error("the row of the request {0} does not read as one")]
    OptInRow(OptInId),
    /// The brand could not be looked up.
    #[error("the brand cannot be looked up")]
    Brand(#[from] brands::Error),
    /// A topic could not be looked up.
    #[error("a topic cannot be looked up")]
    Topic(#[from] crate::topic::Error),
    /// A form could not be looked up.
    #[error("a form cannot be looked up")]
    Form(#[from] crate::form::Error),
    /// A fact could not be written.
    #[error("the fact cannot be written")]
    Activity(#[from] activity::Error),
    /// The outbox did not take a mail.
    #[error("a mail to the subscriber cannot be queued")]
    Outbox(#[from] outbox::Error),
    /// The ledger did not take the entry.
    #[error("the consent ledger takes no entry")]
    Ledger(#[from] consent::RecordError),
    /// It is another instance's to do.
    #[error(transparent)]
    Lease(#[from] database::lease::BeginError),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

impl Error {
    /// Whether a row on file holds what cannot be read. It will not be readable the next time either, and has nothing to do
    /// with any other row.
    pub fn is_of_the_row(&self) -> bool {
        match self {
            Self::Row(_) | Self::OptInRow(_) => true,
            Self::Database(error) => match error {
                DbErr::TryIntoErr { .. } | DbErr::Type(_) | DbErr::Json(_) => true,
                DbErr::Query(RuntimeErr::SqlxError(error)) => {
                    matches!(**error, SqlxError::ColumnDecode { .. } | SqlxError::Decode(_))
                }
                _ => false,
            },
            _ => false,
        }
    }
}
