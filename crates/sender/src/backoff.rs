use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Who asks for a longer rest than this is asked whether they mean it.
const LONGEST_REST: Duration = Duration::from_secs(60 * 60);

/// How long something that fails is left alone: a second, then twice as long each time, up to a minute.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Duration,
}

impl Backoff {
    /// It failed at this uptime. Says for how long it is left alone, and whether this is news.
    pub(crate) fn failed(&mut self, uptime: Duration) -> (Duration, bool) {
        let wait = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.until = uptime + wait;
        (wait, self.failures == 1)
    }

    /// It asked to be left alone for so long at least.
    pub(crate) fn rest(&mut self, uptime: Duration, at_least: Duration) {
        self.until = self.until.max(uptime + at_least.min(LONGEST_REST));
    }

    /// It worked. Says whether that is news.
    pub(crate) fn worked(&mut self) -> bool {
        std::mem::take(self).failures > 0
    }

    /// Whether it has failed and not worked since.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// How long it is still to be left alone.
    pub(crate) fn wait(&self, uptime: Duration) -> Duration {
        self.until.saturating_sub(uptime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..8).map(|_| backoff.failed(Duration::ZERO).0.as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(backoff.worked() && !backoff.worked());
        assert_eq!(backoff.failed(Duration::from_secs(100)), (FIRST, true));
        assert_eq!(backoff.wait(Duration::from_millis(100_400)), Duration::from_millis(600));
    }
}
