use std::time::Duration;

/// How long is counted before the count is believed.
const LONG_ENOUGH: Duration = Duration::from_secs(1);

/// How many seconds' worth is claimed at once where messages go so fast that a batch is gone in less: each claim is a commit, and
/// each release another.
const AT_ONCE: f64 = 0.25;

/// No batch grows beyond this: so much lies idle, until its lease ends, when a program dies.
const LARGEST: usize = 2_000;

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

    /// How many deliveries are claimed at once, where it is `least` if nothing is in a hurry.
    pub(super) fn batch(&self, least: usize) -> usize {
        least.max(self.within(AT_ONCE).min(LARGEST))
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

    #[test]
    fn a_batch_grows_with_the_speed_up_to_a_bound() {
        let mut speed = Speed::default();
        for (answered, batch) in [(0, 200), (800, 200), (4_000, 1_000), (1_000_000, LARGEST)] {
            speed.count(answered, speed.since + LONG_ENOUGH);
            assert_eq!(speed.batch(200), batch, "{answered} a second");
        }
        assert_eq!(speed.batch(3_000), 3_000, "as it is set");
    }
}
