use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::Throttle;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

/// Holds back whoever asks too often, by the generic cell rate algorithm.
///
/// The allowance may be used at once and then grows back evenly: `"20/h"` is twenty at once, then one every three minutes.
#[derive(Debug)]
pub(crate) struct FloodGuard<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

/// So many askers are remembered before those that are back at their full allowance are forgotten.
const REMEMBERED: usize = 10_000;

impl<K: Hash + Eq + Clone> FloodGuard<K> {
    pub(crate) fn new(allowance: Throttle) -> Self {
        Self { limiter: DefaultKeyedRateLimiter::keyed(quota(allowance)), clock: DefaultClock::default() }
    }

    /// Lets one request through, or says how long it should wait.
    pub(crate) fn admit(&self, asker: &K) -> Result<(), Duration> {
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(asker).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }
}

fn quota(allowance: Throttle) -> Quota {
    let each = allowance.period() / allowance.count().get();
    // A rate beyond one a nanosecond has no period of its own; then a second's worth at once is as good.
    Quota::with_period(each)
        .map_or_else(|| Quota::per_second(NonZeroU32::MAX), |quota| quota.allow_burst(allowance.count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_used_the_allowance_waits_and_a_neighbour_does_not() {
        let guard = FloodGuard::new("2/h".parse().unwrap());
        assert!(guard.admit(&1).is_ok());
        assert!(guard.admit(&1).is_ok());
        let wait = guard.admit(&1).unwrap_err();
        assert!(wait > Duration::from_secs(1_700) && wait <= Duration::from_secs(1_800), "{wait:?}");
        assert!(guard.admit(&2).is_ok());
    }
}
