use chrono::{DateTime, Utc};
use domain::{DeliveryKey, SmtpReply};

use crate::Phase;
use crate::state::Event;

/// How an attempt ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The relay took the message.
    Sent,
    /// Not now; to be tried again.
    Deferred {
        /// When.
        until: DateTime<Utc>,
    },
    /// Never.
    Failed,
    /// The connection ended where the relay may have taken the message.
    InDoubt,
}

/// What a worker heard about one attempt.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The delivery.
    pub key: DeliveryKey,
    /// Which attempt, as [`submit`](crate::submit) counted it.
    pub attempt: i32,
    /// How it ended.
    pub outcome: Outcome,
    /// The relay's name in the configuration.
    pub relay: String,
    /// How far the dialogue came.
    pub phase: Phase,
    /// Whether a relay was offered the message. What was withheld, or cut short by us, is no try.
    pub offered: bool,
    /// The relay's words, if it had any.
    pub reply: Option<SmtpReply>,
    /// What the relay calls the message that it took, if it told.
    pub relay_message_id: Option<String>,
    /// What `verdict` calls it.
    pub class: Option<String>,
    /// The rule that said so.
    pub rule: Option<String>,
    /// When the dialogue began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub answered_at: DateTime<Utc>,
}

impl Outcome {
    /// The event that it is to the delivery.
    pub(crate) const fn event(self) -> Event {
        match self {
            Self::Sent => Event::Accept,
            Self::Deferred { .. } => Event::Defer,
            Self::Failed => Event::Refuse,
            Self::InDoubt => Event::Lose,
        }
    }

    /// The outcome as the attempts keep it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Deferred { .. } => "deferred",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
        }
    }
}
