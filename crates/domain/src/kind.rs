use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// Every kind of mail that leaves. Who may get which is written once, in `subscribers::may_be_mailed`.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum MailKind {
    /// A campaign to the confirmed subscribers of a topic.
    Campaign,
    /// The mail that asks whether a sign-up was meant.
    Confirmation,
    /// The same question once more, a day later.
    Reminder,
    /// The first mail after a confirmation.
    Welcome,
    /// Service mail: a single-use link that a person asked for.
    Access,
    /// A campaign as its author will check it, to any address.
    Test,
    /// To the brand's staff: something went wrong that a person has to look at.
    Alert,
}

/// Why a text is no kind of mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a kind of mail")]
pub struct InvalidKind(String);

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Campaign, Self::Confirmation, Self::Reminder, Self::Welcome, Self::Access, Self::Test, Self::Alert];

    /// The kind as the database and the logs spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Confirmation => "confirmation",
            Self::Reminder => "reminder",
            Self::Welcome => "welcome",
            Self::Access => "access",
            Self::Test => "test",
            Self::Alert => "alert",
        }
    }

    /// Whether the mail goes to staff, at an address that is on no list of people.
    pub const fn is_for_staff(self) -> bool {
        matches!(self, Self::Test | Self::Alert)
    }

    /// Whether the mail goes to many, so that it carries list headers and asks for no automatic answers.
    pub const fn is_bulk(self) -> bool {
        matches!(self, Self::Campaign | Self::Test)
    }
}

impl fmt::Display for MailKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MailKind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| InvalidKind(text.to_owned()))
    }
}
