use std::fmt;
use std::str::FromStr;

use limits::{Cause, Share};
use sea_orm::DeriveValueType;
use serde::Serialize;

/// Why a campaign was paused by itself: what went wrong, and how often.
///
/// As text: `hard_bounces: 12 of 200`, and a server's own words behind it where there are any: `content: 1 of 40: virus found`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, DeriveValueType, utoipa::ToSchema)]
#[sea_orm(value_type = "String")]
pub struct PauseReason {
    /// What went wrong.
    #[schema(inline)]
    pub cause: Cause,
    /// How often, when it was paused.
    #[schema(inline)]
    pub share: Share,
    /// A server's own words, where it refuses what the message says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// Why a text is no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no reason to pause a campaign")]
pub struct InvalidReason(String);

impl fmt::Display for PauseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cause, self.share)?;
        self.words.as_ref().map_or(Ok(()), |words| write!(f, ": {words}"))
    }
}

impl FromStr for PauseReason {
    type Err = InvalidReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = || {
            let (cause, rest) = text.split_once(": ")?;
            let (share, words) = rest.split_once(": ").map_or((rest, None), |(share, words)| (share, Some(words)));
            let (count, of) = share.split_once(" of ")?;
            let share = Share { count: count.parse().ok()?, of: of.parse().ok()? };
            Some(Self { cause: cause.parse().ok()?, share, words: words.map(str::to_owned) })
        };
        parts().ok_or_else(|| InvalidReason(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_survives_text() {
        for cause in Cause::ALL {
            for words in [None, Some("554 5.7.1: a virus: Eicar".to_owned())] {
                let reason = PauseReason { cause, share: Share { count: 12, of: 200 }, words };
                assert_eq!(reason.to_string().parse(), Ok(reason));
            }
        }
        assert!("hard_bounces: 12".parse::<PauseReason>().is_err());
    }
}
