use std::cmp::min;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// One rate, and how much of it this instance has used up: it spreads what was leased.
pub(crate) struct Bucket {
    quota: Quota,
    clock: Arc<dyn Clock>,
    limiter: RateLimiter<NotKeyed, Arrival, Uptime, StateInformationMiddleware>,
    arrival: Arrival,
}

/// governor's view of our clock: the one that never steps back.
struct Uptime(Arc<dyn Clock>);

impl governor::clock::Clock for Uptime {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.uptime()
    }
}

/// GCRA's whole state: when the next permit would be due if they went evenly. Kept where it can be put back.
#[derive(Clone, Default)]
struct Arrival(Arc<Mutex<Option<Nanos>>>);

impl Arrival {
    fn get(&self) -> Option<Nanos> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, to: Option<Nanos>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}

impl StateStore for Arrival {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut arrival = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (outcome, next) = decide(*arrival)?;
        *arrival = Some(next);
        Ok(outcome)
    }
}

impl Bucket {
    /// A bucket that is full: so many may go at once.
    pub(crate) fn new(interval: Duration, burst: u32, clock: &Arc<dyn Clock>) -> Self {
        let (quota, arrival) = (quota(interval, burst), Arrival::default());
        let limiter = RateLimiter::new(quota, arrival.clone(), Uptime(clock.clone()));
        Self { quota, clock: clock.clone(), limiter, arrival }
    }

    /// Takes up to `most` permits; says how many there were, and how long it is until there is another if there were fewer.
    pub(crate) fn take(&self, most: u32) -> (u32, Duration) {
        let mut taken = 0;
        while taken < most {
            match self.limiter.check() {
                Ok(left) => {
                    taken += 1;
                    let more = NonZeroU32::new(min(left.remaining_burst_capacity(), most - taken));
                    taken += more.filter(|more| matches!(self.limiter.check_n(*more), Ok(Ok(_)))).map_or(0, u32::from);
                }
                Err(refused) => return (taken, refused.wait_time_from(self.clock.uptime())),
            }
        }
        (taken, Duration::ZERO)
    }

    /// Puts permits back that were not used after all.
    pub(crate) fn give_back(&self, permits: u32) {
        let back = self.quota.replenish_interval().saturating_mul(permits);
        let next = self.arrival.get().map(|next| Nanos::from(Duration::from(next).saturating_sub(back)));
        self.arrival.set(next);
    }

    /// How many there are, up to `most`, and how long it is until there is another if there are fewer. Takes none.
    pub(crate) fn look(&self, most: u32) -> (u32, Duration) {
        let before = self.arrival.get();
        let found = self.take(most);
        self.arrival.set(before);
        found
    }
}

/// One in each interval, save for what may go at once.
fn quota(interval: Duration, burst: u32) -> Quota {
    let even = Quota::with_period(interval).unwrap_or(Quota::per_second(NonZeroU32::MIN));
    even.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("quota", &self.quota).finish_non_exhaustive()
    }
}
