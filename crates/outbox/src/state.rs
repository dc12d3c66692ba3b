use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// How far one message has come on its way to the relay. What happens after that is a fact, not a state.
///
/// *Claimed* is none of these: it is a lease, so that a worker that dies gives its rows back by doing nothing.
#[derive(
    Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, DeriveValueType, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[sea_orm(value_type = "String")]
pub enum State {
    /// Waiting for its first attempt.
    Queued,
    /// Written down before MAIL FROM: from here on a relay may have it.
    Submitting,
    /// A relay has taken it. That is not to say that it arrived.
    Sent,
    /// To be tried again at a known time.
    Deferred,
    /// Refused for good, or given up.
    Failed,
    /// Nobody knows whether the relay took it. Held until a person decides, or until something proves that it did.
    InDoubt,
    /// Never tried, with the reason.
    Skipped,
}

/// What may happen to a delivery.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A worker is about to say MAIL FROM.
    Submit,
    /// The relay answered that it took the message.
    Accept,
    /// The relay, or the way to it, was not ready; there will be another attempt.
    Defer,
    /// The relay refused for good, or the time for attempts is over.
    Refuse,
    /// The answer was lost after the message may have been taken.
    Lose,
    /// The recipient may not be mailed after all, or the rest of the mailing was cancelled.
    Skip,
    /// Something came back that only a message that was taken can cause: a bounce, a complaint, a click.
    Prove,
    /// A person wants a delivery in doubt sent once more.
    Resend,
    /// A person wants a delivery in doubt left alone.
    GiveUp,
    /// A person wants a delivery that failed tried again.
    Retry,
}

/// Why an event changes nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {from} takes no {event:?}")]
pub struct InvalidTransition {
    /// The state it is in.
    pub from: State,
    /// What was to happen.
    pub event: Event,
}

/// Why a text is no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no state of a delivery; one of queued, submitting, sent, deferred, failed, in_doubt, skipped is")]
pub struct InvalidState(String);

impl State {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Queued, Self::Submitting, Self::Sent, Self::Deferred, Self::Failed, Self::InDoubt, Self::Skipped];

    /// The state after `event`, or why there is none.
    pub const fn after(self, event: Event) -> Result<Self, InvalidTransition> {
        use State::{Deferred, Failed, InDoubt, Queued, Sent, Skipped, Submitting};
        Ok(match (self, event) {
            (Queued | Deferred, Event::Submit) => Submitting,
            (Queued | Deferred, Event::Skip) => Skipped,
            // An answer that comes late ends the doubt as well as one in time.
            (Submitting | InDoubt, Event::Accept) => Sent,
            (Submitting | InDoubt, Event::Defer) => Deferred,
            (Submitting | InDoubt, Event::Refuse) => Failed,
            (Submitting, Event::Lose) => InDoubt,
            // A delivery in doubt that somebody wants sent again waits as deferred: proof spares it the second attempt.
            (InDoubt | Deferred, Event::Prove) => Sent,
            (InDoubt, Event::Resend) | (Failed, Event::Retry) => Deferred,
            (InDoubt, Event::GiveUp) => Failed,
            (from, event) => return Err(InvalidTransition { from, event }),
        })
    }

    /// Whether the program itself will still do something about it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Submitting | Self::Deferred)
    }

    /// The state as the database, the logs and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = InvalidState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| InvalidState(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
