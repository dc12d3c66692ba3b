use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// Who keeps a recipient's mailbox: `gmail`, `microsoft`, `yahoo`, …, or `other`. The table is in `dns`.
///
/// A mailing's deliveries for one provider are a lane.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String)]
#[sea_orm(value_type = "String")]
pub struct MailboxProvider(String);

/// Why a text names no provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mailbox provider is named by up to 32 small letters, digits and hyphens, not {0:?}")]
pub struct InvalidProvider(String);

impl MailboxProvider {
    /// Everybody who is not in the table.
    pub fn other() -> Self {
        Self("other".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailboxProvider {
    type Err = InvalidProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(known) {
            return Err(InvalidProvider(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MailboxProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for MailboxProvider {
    type Error = InvalidProvider;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MailboxProvider> for String {
    fn from(provider: MailboxProvider) -> Self {
        provider.0
    }
}
