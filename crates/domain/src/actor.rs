use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

use crate::{SubscriberId, TokenId, UserId};

/// Who did it. Every act that changes something is kept with one.
///
/// As text: `user:ID`, `token:ID`, `subscriber:ID`, `rule:NAME`, `operator` or `system`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, DeriveValueType)]
#[serde(try_from = "String", into = "String")]
#[sea_orm(value_type = "String")]
pub enum Actor {
    /// A member of staff.
    User(UserId),
    /// A program with an API token.
    Token(TokenId),
    /// A person on file, by a form or a link.
    Subscriber(SubscriberId),
    /// A rule of ours, by its name: a bounce policy, a retention limit.
    Rule(String),
    /// Whoever runs a command on the machine itself.
    Operator,
    /// The program, in its ordinary course.
    System,
}

/// Why a text names no actor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no actor")]
pub struct InvalidActor(String);

impl Actor {
    /// The rule of this name.
    pub fn rule(name: &str) -> Self {
        Self::Rule(name.to_owned())
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user:{id}"),
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Subscriber(id) => write!(f, "subscriber:{id}"),
            Self::Rule(name) => write!(f, "rule:{name}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidActor(text.to_owned());
        match text.split_once(':') {
            None if text == "operator" => Ok(Self::Operator),
            None if text == "system" => Ok(Self::System),
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| invalid()),
            Some(("token", id)) => id.parse().map(Self::Token).map_err(|_| invalid()),
            Some(("subscriber", id)) => id.parse().map(Self::Subscriber).map_err(|_| invalid()),
            Some(("rule", name)) => Ok(Self::rule(name)),
            _ => Err(invalid()),
        }
    }
}

impl TryFrom<String> for Actor {
    type Error = InvalidActor;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_actor_survives_text() {
        let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        for actor in [
            Actor::User(UserId::new(now)),
            Actor::Token(TokenId::new(now)),
            Actor::Subscriber(SubscriberId::new(now)),
            Actor::rule("hard-bounce"),
            Actor::Operator,
            Actor::System,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert!("somebody".parse::<Actor>().is_err());
    }
}
