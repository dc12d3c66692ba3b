use std::fmt;

use sea_orm::{ActiveEnum, DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// What a returned mail did, beside the fact that it is written down as.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, utoipa::ToSchema,
)]
#[schema(as = FeedbackEffect)]
#[serde(rename_all = "snake_case")]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Effect {
    /// A failure was counted against the person.
    Counted,
    /// The domain is looked up: a server did not find it.
    LookedUp,
    /// The address is not mailed any more.
    Suppressed,
    /// The person left, as they asked to.
    Left,
    /// The mailbox provider is left alone for a while.
    Paused,
}

impl Effect {
    /// What a failure did to a person; nothing where it was counted today already, or is not theirs.
    pub(crate) const fn on_person(effect: subscribers::Effect) -> Option<Self> {
        match effect {
            subscribers::Effect::None => None,
            subscribers::Effect::Counted(_) => Some(Self::Counted),
            subscribers::Effect::Noted => Some(Self::LookedUp),
            subscribers::Effect::Suppressed(_) => Some(Self::Suppressed),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_value())
    }
}
