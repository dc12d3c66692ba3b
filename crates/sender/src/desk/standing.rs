//! Whether a relay takes mail: everybody's, or one brand's.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::connection::Ended;

/// So many messages one after the other that a relay does not take for one reason of its own, and it is left alone.
const ENOUGH: u32 = 5;

/// How a relay stands with whose mail it may take.
#[derive(Debug, Default)]
pub(super) struct Standing {
    backoff: Backoff,
    /// How many of the last messages it did not take, for reasons of its own.
    failed: u32,
    /// Why it takes none, if it does not.
    error: Option<String>,
}

impl Standing {
    /// Whether it took nothing when it was last tried.
    pub(super) fn is_down(&self) -> bool {
        self.backoff.is_failing()
    }

    /// How long it is still to be left alone.
    pub(super) fn wait(&self, uptime: Duration) -> Duration {
        self.backoff.wait(uptime)
    }

    /// Whether only a message can show that it takes mail: it lets us in, and takes none.
    pub(super) fn is_refusing(&self) -> bool {
        self.failed >= ENOUGH
    }

    /// Why it takes none, if it does not.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// It lets us in. Says whether that is news.
    pub(super) fn lets_us_in(&mut self) -> bool {
        if self.is_refusing() {
            return false;
        }
        self.error = None;
        self.backoff.worked()
    }

    /// It takes mail. Says whether that is news.
    pub(super) fn works(&mut self) -> bool {
        self.failed = 0;
        self.error = None;
        self.backoff.worked()
    }

    /// It took none, and this is why. Says for how long it is left alone, if that is news.
    pub(super) fn fails(&mut self, why: String, uptime: Duration) -> Option<Duration> {
        self.error = Some(why);
        // Workers that find it down together have found it down once.
        if !self.backoff.wait(uptime).is_zero() {
            return None;
        }
        let (wait, news) = self.backoff.failed(uptime);
        news.then_some(wait)
    }

    /// It did not take this message. Says for how long it is left alone, if that is news.
    pub(super) fn refuses(&mut self, ended: &Ended, uptime: Duration) -> Option<Duration> {
        let rest = ended.asks_for_rest();
        // Nothing but a message shows that it lets us in again.
        self.failed = if rest.is_some() { ENOUGH } else { self.failed.saturating_add(1) };
        if !self.is_refusing() {
            return None;
        }
        let words = ended.reply().map_or_else(|| "connections broke".to_owned(), ToString::to_string);
        let why = match rest {
            Some(_) => format!("it has answered {words}"),
            None => format!("its last {} messages were not taken: {words}", self.failed),
        };
        let news = self.fails(why, uptime);
        if let Some(rest) = rest {
            self.backoff.rest(uptime, rest);
        }
        news
    }

    /// It was tried, and has shown nothing: the next try is not at once either.
    pub(super) fn shows_nothing(&mut self, uptime: Duration) {
        if self.is_refusing() && self.backoff.wait(uptime).is_zero() {
            self.backoff.failed(uptime);
        }
    }
}
