use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::Throttle;

/// Holds back whoever asks too often, by the generic cell rate algorithm.
///
/// The allowance may be used at once and then grows back evenly: `"20/h"` is twenty at once, then one every three minutes.
///
/// It remembers the last [`REMEMBERED`] askers at least and twice as many at most, whatever comes: the memory is two
/// generations, and when the younger is full the older goes. Who is forgotten has the whole allowance again.
#[derive(Debug)]
pub(crate) struct FloodGuard<K> {
    /// How long one request takes to be forgiven.
    each: Duration,
    /// How far ahead of the time an asker may be.
    ahead: Duration,
    askers: Mutex<Generations<K>>,
}

/// When each asker's allowance is whole again.
#[derive(Debug)]
struct Generations<K> {
    young: HashMap<K, Duration>,
    old: HashMap<K, Duration>,
}

/// So many askers fill a generation.
const REMEMBERED: usize = 10_000;

impl<K: Hash + Eq + Clone> FloodGuard<K> {
    pub(crate) fn new(allowance: Throttle) -> Self {
        let (count, period) = (allowance.count().get(), allowance.period());
        let askers = Generations { young: HashMap::new(), old: HashMap::new() };
        let each = period / count;
        Self { each, ahead: each * (count - 1), askers: Mutex::new(askers) }
    }

    /// Lets one request through, or says how long it should wait. `now` is the time since some fixed moment.
    pub(crate) fn admit(&self, asker: &K, now: Duration) -> Result<(), Duration> {
        let mut askers = self.askers.lock().unwrap_or_else(PoisonError::into_inner);
        let whole_at = askers.whole_at(asker).unwrap_or_default().max(now);
        let wait = whole_at.saturating_sub(now + self.ahead);
        if wait.is_zero() {
            askers.remember(asker, whole_at + self.each);
            Ok(())
        } else {
            // Who keeps asking is not forgotten.
            askers.remember(asker, whole_at);
            Err(wait)
        }
    }
}

impl<K: Hash + Eq + Clone> Generations<K> {
    fn whole_at(&self, asker: &K) -> Option<Duration> {
        self.young.get(asker).or_else(|| self.old.get(asker)).copied()
    }

    fn remember(&mut self, asker: &K, whole_at: Duration) {
        if self.young.len() == REMEMBERED && !self.young.contains_key(asker) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(asker.clone(), whole_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1_000);
    const HALF_AN_HOUR: Duration = Duration::from_secs(1_800);

    #[test]
    fn whoever_used_the_allowance_waits_and_a_neighbour_does_not() {
        let guard = FloodGuard::new("2/h".parse().unwrap());
        assert_eq!(guard.admit(&1, START), Ok(()));
        assert_eq!(guard.admit(&1, START), Ok(()));
        assert_eq!(guard.admit(&1, START), Err(HALF_AN_HOUR));
        assert_eq!(guard.admit(&1, START + HALF_AN_HOUR / 2), Err(HALF_AN_HOUR / 2));
        assert_eq!(guard.admit(&2, START), Ok(()));
        assert_eq!(guard.admit(&1, START + HALF_AN_HOUR), Ok(()));
        assert_eq!(guard.admit(&1, START + HALF_AN_HOUR), Err(HALF_AN_HOUR));
    }

    #[test]
    fn a_flood_of_askers_fills_no_memory_and_hides_nobody_who_keeps_asking() {
        let guard = FloodGuard::new("1/h".parse().unwrap());
        assert_eq!(guard.admit(&0, START), Ok(()));
        for asker in 1..100_000 {
            assert_eq!(guard.admit(&asker, START), Ok(()));
            if asker % 5_000 == 0 {
                assert!(guard.admit(&0, START).is_err());
            }
        }
        let askers = guard.askers.lock().unwrap();
        assert!(askers.young.len() + askers.old.len() <= 2 * REMEMBERED);
    }
}
