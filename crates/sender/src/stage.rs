//! What it costs to make a message and hand it over: processor time by stage, as a metric.
//!
//! Measured is the time of the thread that does the work, so that neither waiting nor whoever else is busy on the machine counts.
//! Asking for it takes longer than some of what it measures, so all but the desk's work is measured once in sixteen times.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::time::{ClockId, clock_gettime};

/// What is measured by itself.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Stage {
    /// What a mail says to one person: values and links. For a mail of the system's own, the whole document.
    Render,
    /// Headers, values between the segments, encoding: one text of it all.
    Mime,
    /// DKIM.
    Sign,
    /// The dialogue with the relay.
    Smtp,
    /// The desk's rounds, and with them what our side of the database costs.
    Desk,
}

impl Stage {
    /// Counts what `work` takes.
    pub(crate) fn of<T>(self, work: impl FnOnce() -> T) -> T {
        let Some(times) = self.stands_for() else { return work() };
        let begun = thread_time();
        let done = work();
        self.count(thread_time().saturating_sub(begun) * times);
        done
    }

    /// Counts what it takes to get `work` done, without the waiting in between.
    pub(crate) async fn during<T>(self, work: impl Future<Output = T>) -> T {
        let Some(times) = self.stands_for() else { return work.await };
        let mut work = pin!(work);
        let mut spent = 0;
        let done = poll_fn(|context| {
            let begun = thread_time();
            let poll = work.as_mut().poll(context);
            spent += thread_time().saturating_sub(begun);
            poll
        })
        .await;
        self.count(spent * times);
        done
    }

    /// For how many times this one is measured; none if it is not.
    fn stands_for(self) -> Option<u64> {
        static DONE: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];
        let every = if matches!(self, Self::Desk) { 1 } else { 16 };
        let done = DONE[self as usize].fetch_add(1, Ordering::Relaxed);
        done.is_multiple_of(every).then_some(every)
    }

    fn count(self, nanoseconds: u64) {
        let stage = match self {
            Self::Render => "render",
            Self::Mime => "mime",
            Self::Sign => "sign",
            Self::Smtp => "smtp",
            Self::Desk => "desk",
        };
        metrics::counter!("eshot_sender_cpu_nanoseconds_total", "stage" => stage).increment(nanoseconds);
    }
}

/// The processor time of this thread in nanoseconds.
fn thread_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or_default() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}
