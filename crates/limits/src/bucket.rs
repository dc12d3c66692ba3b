use std::cmp::{max, min};
use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, Throttle};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

/// One rate and how much of it is used up.
pub(crate) struct Bucket {
    throttle: Throttle,
    clock: Arc<dyn Clock>,
    limiter: RateLimiter<NotKeyed, Arrival, Uptime, StateInformationMiddleware>,
    arrival: Arrival,
    started: Duration,
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
    /// A bucket that is full: a second's worth may go at once.
    pub(crate) fn new(throttle: Throttle, clock: &Arc<dyn Clock>) -> Self {
        let arrival = Arrival::default();
        let started = clock.uptime();
        let limiter = RateLimiter::new(quota(throttle), arrival.clone(), Uptime(clock.clone()));
        Self { throttle, clock: clock.clone(), limiter, arrival, started }
    }

    /// The same bucket at another rate: what is used up stays used up, but nobody waits longer than the new rate asks.
    pub(crate) fn at(&self, throttle: Throttle) -> Self {
        let next = Self::new(throttle, &self.clock);
        let quota = quota(throttle);
        let empty = quota.replenish_interval() * quota.burst_size().get();
        next.arrival.set(Some(min(self.debt(), empty).into()));
        next
    }

    /// The rate.
    pub(crate) const fn throttle(&self) -> Throttle {
        self.throttle
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
        let back = quota(self.throttle).replenish_interval().saturating_mul(permits);
        let next = self.arrival.get().map(|next| Nanos::from(Duration::from(next).saturating_sub(back)));
        self.arrival.set(next);
    }

    /// How long it is until there is a permit.
    pub(crate) fn wait(&self) -> Duration {
        let before = self.arrival.get();
        let (_, wait) = self.take(1);
        self.arrival.set(before);
        wait
    }

    /// How far the next even arrival lies ahead.
    fn debt(&self) -> Duration {
        let next = self.arrival.get().map_or(Duration::ZERO, Duration::from);
        (self.started + next).saturating_sub(self.clock.uptime())
    }
}

/// The throttle evenly, with a burst of at most one second.
fn quota(throttle: Throttle) -> Quota {
    let count = throttle.count().get();
    // A rate beyond one a nanosecond is no limit to anything we do.
    let interval = max(throttle.period() / count, Duration::from_nanos(1));
    let even = Quota::with_period(interval).unwrap_or(Quota::per_second(NonZeroU32::MIN));
    let seconds = u32::try_from(throttle.period().as_secs()).unwrap_or(u32::MAX);
    even.allow_burst(NonZeroU32::new(count / seconds).unwrap_or(NonZeroU32::MIN))
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("throttle", &self.throttle).field("debt", &self.debt()).finish_non_exhaustive()
    }
}
