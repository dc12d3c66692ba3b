use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// How far into the dialogue with a relay an attempt came before it ended.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum Phase {
    /// Reaching the relay: the name, the connection, its greeting and EHLO.
    Connect,
    /// STARTTLS and the handshake.
    Tls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA, up to the relay's 354.
    Data,
    /// The message itself, before the final dot.
    Body,
    /// After the final dot: the relay may have taken the message whatever else is known.
    Dot,
}

/// Why a text is no phase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no phase of an attempt")]
pub struct InvalidPhase(String);

impl Phase {
    /// Every phase, in their order.
    pub const ALL: [Self; 8] =
        [Self::Connect, Self::Tls, Self::Auth, Self::MailFrom, Self::RcptTo, Self::Data, Self::Body, Self::Dot];

    /// Whether a connection that breaks here leaves it open whether the message was taken.
    pub const fn leaves_doubt(self) -> bool {
        matches!(self, Self::Dot)
    }

    /// The phase as the database and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Auth => "auth",
            Self::MailFrom => "mail_from",
            Self::RcptTo => "rcpt_to",
            Self::Data => "data",
            Self::Body => "body",
            Self::Dot => "dot",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Phase {
    type Err = InvalidPhase;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text).ok_or_else(|| InvalidPhase(text.to_owned()))
    }
}
