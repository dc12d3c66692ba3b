use std::time::Duration;

/// How many were sent by when.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// In order; both grow.
    looks: Vec<(Duration, u64)>,
}

impl Progress {
    /// Notes how many there are now; false if there were as many before.
    pub(super) fn note(&mut self, at: Duration, sent: u64) -> bool {
        let grown = self.looks.last().map_or(sent > 0, |(_, before)| sent > *before);
        if grown {
            self.looks.push((at, sent));
        }
        grown
    }

    /// How many there were in the end.
    pub(super) fn total(&self) -> u64 {
        self.looks.last().map_or(0, |(_, sent)| *sent)
    }

    /// How long all of it took.
    pub(super) fn took(&self) -> Duration {
        self.looks.last().map_or(Duration::ZERO, |(at, _)| *at)
    }

    /// How many a second, over all.
    pub(super) fn rate(&self) -> f64 {
        per_second(self.total(), self.took())
    }

    /// How many a second near the beginning, once the first 10,000 (of a short run: the first tenth) have gone.
    pub(super) fn early(&self) -> f64 {
        let from = (self.total() / 10).min(10_000);
        self.between(from, from + self.window())
    }

    /// How many a second at the end.
    pub(super) fn late(&self) -> f64 {
        self.between(self.total() - self.window(), self.total())
    }

    /// Long enough that a hiccup of the machine is not all that is seen.
    fn window(&self) -> u64 {
        self.total() / 10
    }

    fn between(&self, from: u64, to: u64) -> f64 {
        per_second(to - from, self.when(to).saturating_sub(self.when(from)))
    }

    /// When so many were sent, between two looks in proportion.
    fn when(&self, sent: u64) -> Duration {
        let mut before = (Duration::ZERO, 0);
        for look in &self.looks {
            if look.1 >= sent {
                let share = (sent - before.1) as f64 / (look.1 - before.1).max(1) as f64;
                return before.0 + (look.0 - before.0).mul_f64(share);
            }
            before = *look;
        }
        before.0
    }
}

pub(super) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_slows_down_shows_it() {
        let mut progress = Progress::default();
        for second in 1..=100 {
            assert!(progress.note(Duration::from_secs(second), second * 1_000));
        }
        assert!(!progress.note(Duration::from_secs(101), 100_000));
        for second in 1..=200 {
            progress.note(Duration::from_secs(101 + second), 100_000 + second * 500);
        }
        assert_eq!((progress.total(), progress.took()), (200_000, Duration::from_secs(301)));
        assert!((progress.early() - 1_000.0).abs() < 1.0, "{}", progress.early());
        assert!((progress.late() - 500.0).abs() < 1.0, "{}", progress.late());
    }
}
