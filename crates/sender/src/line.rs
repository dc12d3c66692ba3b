//! A worker's connection, whichever kind of relay it leads to.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::connection::{Connection, Ended, Guard, Message};
use crate::service::Session;

/// A connection that has nothing to carry for so long is closed. Relays close them too, some after half a minute.
const IDLE: Duration = Duration::from_secs(20);

/// Servers of HTTP close them sooner, and say nothing before the next request: one that meets a connection just closed leaves its
/// message in doubt.
const IDLE_HTTP: Duration = Duration::from_secs(4);

/// A connection to a relay.
pub(crate) enum Line {
    Smtp(Box<Connection>),
    Http(Box<Session>),
}

impl Line {
    /// Whether another message may go over it.
    pub(crate) fn is_usable(&self) -> bool {
        match self {
            Self::Smtp(connection) => connection.is_usable(),
            Self::Http(session) => session.is_usable(),
        }
    }

    /// How many messages went over it, taken or refused.
    pub(crate) fn carried(&self) -> u32 {
        match self {
            Self::Smtp(connection) => connection.carried(),
            Self::Http(session) => session.carried(),
        }
    }

    /// For how long it is kept although there is nothing for it to carry.
    pub(crate) const fn idle(&self) -> Duration {
        match self {
            Self::Smtp(_) => IDLE,
            Self::Http(_) => IDLE_HTTP,
        }
    }

    pub(crate) async fn send(&mut self, message: &mut Message, guard: &Guard, now: DateTime<Utc>) -> Ended {
        match self {
            Self::Smtp(connection) => connection.send(message, guard).await,
            Self::Http(session) => session.send(message, guard, now).await,
        }
    }

    /// How the message under way ends if it is given up now, its future having been dropped.
    pub(crate) fn cut(&mut self) -> Ended {
        match self {
            Self::Smtp(connection) => connection.cut(),
            Self::Http(session) => session.cut(),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Smtp(connection) => connection.close().await,
            Self::Http(session) => session.close(),
        }
    }
}
