//! From a claimed delivery to the signed bytes of its message, for every kind of mail.
//!
//! In four steps: the [`Stationery`] is what all messages of a mailing share and is read once for many of them; a [`Piece`] is
//! what one delivery needs besides, read for a whole batch at once; the message itself is made from both without I/O, and signed.

mod letterhead;
mod piece;
mod read;
mod sign;
mod stationery;
mod wire;

use std::error::Error as _;

use sea_orm::DbErr;

pub(crate) use self::piece::{Piece, compose};
pub(crate) use self::read::{Read, read};
pub(crate) use self::sign::Signers;
pub(crate) use self::stationery::{Shelf, Stationery};
use crate::dkim::DkimError;

/// Why there is no message.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ComposeError {
    #[error("the campaign does not give a mail")]
    Campaign(#[from] campaigns::Error),
    #[error("the system mail does not render")]
    Template(#[from] renderer::TemplateError),
    #[error("the message cannot be written")]
    Mime(#[from] renderer::mime::MimeError),
    #[error("the message cannot be put together")]
    Message(#[from] renderer::MessageError),
    #[error("an address or a link of the message cannot be written")]
    Link(#[from] links::Unfit),
    #[error(transparent)]
    Dkim(#[from] DkimError),
    #[error("the alert cannot be read")]
    Alert(#[from] alerts::Error),
    #[error("the brand is gone")]
    NoBrand,
    #[error("a mailing of campaigns has no campaign")]
    NoLetter,
    #[error("there is no topic to welcome anybody to")]
    NoTopic,
    #[error("the brand cannot be read")]
    Brand(#[from] brands::Error),
    #[error("the brand's DKIM keys cannot be read")]
    Keys(#[from] brands::key::KeyError),
    #[error("the subscriber cannot be read")]
    Subscriber(#[from] subscribers::Error),
    #[error("the topic cannot be read")]
    Topic(#[from] subscribers::topic::Error),
    #[error("the intent does not say what a mail of this kind needs")]
    Intent(#[from] serde_json::Error),
    #[error("the message would not survive the wire: it has a byte beyond ASCII or a lone CR or LF")]
    Wire,
    #[error("database failure")]
    Database(#[from] DbErr),
}

impl ComposeError {
    /// Whether the database is to blame, so that trying again may help.
    pub(crate) fn is_database(&self) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(self);
        while let Some(error) = cause {
            if error.is::<DbErr>() {
                return true;
            }
            cause = error.source();
        }
        false
    }

    /// The error and its causes in one line.
    pub(crate) fn chain(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(&error.to_string());
            cause = error.source();
        }
        line
    }
}
