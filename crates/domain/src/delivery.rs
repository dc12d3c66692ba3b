use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// The number of a mailing: what the outbox sends, a campaign or a standing stream such as confirmations.
///
/// It fits 32 bits, because a return path carries it.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct MailingNo(pub i64);

/// A delivery's place in its mailing, counted from 1. It fits 40 bits, because a return path carries it.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Ordinal(pub i64);

/// A topic's number: what tokens carry, because an id would not fit.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct TopicNo(pub i32);

/// One message to one recipient in a mailing.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DeliveryKey {
    /// The mailing.
    pub mailing: MailingNo,
    /// The place in it.
    pub ordinal: Ordinal,
}

impl DeliveryKey {
    /// The delivery at `ordinal` of `mailing`.
    pub const fn new(mailing: MailingNo, ordinal: Ordinal) -> Self {
        Self { mailing, ordinal }
    }
}

/// Why a text names no delivery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no delivery; one looks like 7.123")]
pub struct InvalidDeliveryKey(String);

impl FromStr for DeliveryKey {
    type Err = InvalidDeliveryKey;

    /// Reads `MAILING.ORDINAL`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = |(mailing, ordinal): (&str, &str)| {
            Some(Self::new(MailingNo(mailing.parse().ok()?), Ordinal(ordinal.parse().ok()?)))
        };
        text.split_once('.').and_then(read).ok_or_else(|| InvalidDeliveryKey(text.to_owned()))
    }
}

impl fmt::Display for MailingNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.mailing, self.ordinal)
    }
}
