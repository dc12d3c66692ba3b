//! One connection to a relay, one message at a time.
//!
//! lettre speaks the protocol; the stream below it is ours, so that a message leaves in one piece and its final dot only
//! with leave. Every phase has a time-out, and what comes out says in which phase it ended: that alone decides whether a
//! message may have been taken.

mod ended;
mod gate;
mod offered;
mod opening;
mod pipeline;
mod problem;
mod stream;
mod transaction;
mod transparency;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::SmtpReply;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use outbox::Phase;

pub(crate) use self::ended::Sign;
pub use self::ended::{Ended, Unfit};
use self::gate::Gate;
pub use self::gate::Guard;
pub use self::offered::Offered;
pub use self::opening::OpenError;
pub(crate) use self::opening::{Opening, tcp};
pub use self::problem::Problem;
pub(crate) use self::problem::root;
pub use self::transaction::Message;
use crate::relay::Relay;

/// How long a farewell may take: nothing depends on it.
const FAREWELL: Duration = Duration::from_secs(2);

/// A connection over which mail can be handed over.
pub struct Connection {
    relay: Arc<Relay>,
    smtp: AsyncSmtpConnection,
    gate: Gate,
    offered: Offered,
    encrypted: bool,
    phase: Phase,
    /// The first refusal of the message under way, as soon as it is heard.
    refusal: Option<(Phase, SmtpReply)>,
    carried: u32,
    broken: bool,
}

impl Connection {
    /// Connects, encrypts and logs in, as the relay's settings ask.
    pub async fn open(relay: Arc<Relay>) -> Result<Self, OpenError> {
        Ok(Opening::connect(relay).await?.encrypt().await?.log_in().await?.finish())
    }

    /// Whether another message may go over it.
    pub fn is_usable(&self) -> bool {
        !self.broken && self.carried < self.relay.messages_per_connection
    }

    /// How many messages went over it, taken or refused.
    pub fn carried(&self) -> u32 {
        self.carried
    }

    /// What the relay can do.
    pub fn offered(&self) -> &Offered {
        &self.offered
    }

    /// Takes leave; the relay's answer is not waited for long.
    pub async fn close(mut self) {
        if !self.broken {
            // Whatever comes of it, the connection is over.
            let _ = tokio::time::timeout(FAREWELL.min(self.relay.timeouts.command), self.smtp.quit()).await;
        }
    }

    /// How the message under way ends if it is given up now, its future having been dropped. What was heard by then is an answer,
    /// even if more was to be said or heard behind it.
    pub(crate) fn cut(&mut self) -> Ended {
        self.broken = true;
        match self.refusal.take() {
            Some((phase, reply)) => Ended::Refused { phase, reply },
            None => self.lost(Problem::Cut),
        }
    }

    /// How a message ends when its connection does.
    fn lost(&self, problem: Problem) -> Ended {
        let phase = match self.phase {
            Phase::Body if self.gate.is_passed() => Phase::Dot,
            phase => phase,
        };
        Ended::Broken { phase, problem }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("relay", &self.relay)
            .field("offered", &self.offered)
            .field("phase", &self.phase)
            .field("carried", &self.carried)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
