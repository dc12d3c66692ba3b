use std::time::Duration;

/// How long is counted before the count is believed.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// How many messages go at present.
#[derive(Debug, Default)]
pub(super) struct Speed {
    since: Duration,
    answered: u32,
    per_second: f64,
}

impl Speed {
    /// So many were answered by this uptime, beside those that were counted before.
    pub(super) fn count(&mut self, answered: usize, uptime: Duration) {
        self.answered = self.answered.saturating_add(u32::try_from(answered).unwrap_or(u32::MAX));
        let counted = uptime.saturating_sub(self.since);
        if counted >= LONG_ENOUGH {
            self.per_second = f64::from(self.answered) / counted.as_secs_f64();
            (self.since, self.answered) = (uptime, 0);
        }
    }

    /// How many go in so many seconds; none before anything is known.
    pub(super) fn within(&self, seconds: f64) -> usize {
        // Saturating is what `as` does.
        (self.per_second * seconds).ceil() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_answered_in_the_last_second_or_longer_is_the_speed() {
        let mut speed = Speed::default();
        assert_eq!(speed.within(10.0), 0);
        speed.count(100, Duration::from_millis(900));
        assert_eq!(speed.within(10.0), 0, "it is not known yet");
        speed.count(100, Duration::from_millis(2_000));
        assert_eq!(speed.within(0.5), 50);
        speed.count(0, Duration::from_millis(4_000));
        assert_eq!(speed.within(0.5), 0);
    }
}
