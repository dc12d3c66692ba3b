use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum Kind {
    /// Somebody asked to subscribe.
    Requested,
    /// Somebody confirmed a subscription.
    Confirmed,
    /// Somebody left a topic.
    Unsubscribed,
    /// A relay took a message.
    Sent,
    /// A message was refused for good.
    Failed,
    /// A message was not tried.
    Skipped,
    /// A message came back.
    Bounced,
    /// Somebody complained about a message.
    Complained,
    /// Somebody opened a message.
    Opened,
    /// Somebody followed a link.
    Clicked,
    /// Somebody answered a message.
    Answered,
    /// A machine answered a message.
    AutoAnswered,
    /// An alert was raised: something went wrong that staff has to know.
    Alerted,
    /// Staff took back what a failure or a complaint did to a person.
    Released,
}

/// Why a text is no kind of fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of fact")]
pub struct InvalidKind(String);

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Requested,
        Self::Confirmed,
        Self::Unsubscribed,
        Self::Sent,
        Self::Failed,
        Self::Skipped,
        Self::Bounced,
        Self::Complained,
        Self::Opened,
        Self::Clicked,
        Self::Answered,
        Self::AutoAnswered,
        Self::Alerted,
        Self::Released,
    ];

    /// The kind as the database and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Confirmed => "confirmed",
            Self::Unsubscribed => "unsubscribed",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Opened => "opened",
            Self::Clicked => "clicked",
            Self::Answered => "answered",
            Self::AutoAnswered => "auto_answered",
            Self::Alerted => "alerted",
            Self::Released => "released",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| InvalidKind(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_survives_text() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("delivered".parse::<Kind>(), Err(InvalidKind("delivered".to_owned())));
    }
}
