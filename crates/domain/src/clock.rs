use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

/// Where the time comes from. Only the outermost parts hold one; all else takes `now`.
pub trait Clock: Debug + Send + Sync {
    /// The wall clock, cut to microseconds: what both databases keep.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some fixed moment, never stepping back and counting suspension of the machine, for leases.
    fn uptime(&self) -> Duration;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }

    fn uptime(&self) -> Duration {
        // CLOCK_MONOTONIC stands still while the machine sleeps; a lease does not.
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
    }
}
