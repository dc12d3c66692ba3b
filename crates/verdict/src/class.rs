use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whose problem a refusal is, and how bad.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The mailbox does not exist or is closed for good: the address is not mailed again.
    Hard,
    /// The domain takes no mail: believed once an own look-up says so too.
    DomainGone,
    /// Perhaps gone; servers say this of living mailboxes too. Counted, believed after several campaigns.
    LikelyGone,
    /// Full, busy or broken for now: tried again, then counted.
    Soft,
    /// Reputation, policy, authentication or rate: ours to mend, never the subscriber's fault.
    Block,
    /// The message itself is refused: the campaign's to mend.
    Content,
}

/// Why a text is no class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a class is one of hard, domain_gone, likely_gone, soft, block, content, not {0:?}")]
pub struct InvalidClass(String);

impl Class {
    /// Every class.
    pub const ALL: [Self; 6] = [Self::Hard, Self::DomainGone, Self::LikelyGone, Self::Soft, Self::Block, Self::Content];

    /// The name, as rules, database and API write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::DomainGone => "domain_gone",
            Self::LikelyGone => "likely_gone",
            Self::Soft => "soft",
            Self::Block => "block",
            Self::Content => "content",
        }
    }

    /// Whether the failure says anything about the recipient. A block and refused content never do.
    pub const fn concerns_recipient(self) -> bool {
        !matches!(self, Self::Block | Self::Content)
    }

    /// Whether the recipient, or everybody at the domain, is said to be gone.
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Hard | Self::DomainGone | Self::LikelyGone)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = InvalidClass;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or_else(|| InvalidClass(text.to_owned()))
    }
}
