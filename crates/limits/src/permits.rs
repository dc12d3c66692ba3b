use std::cmp::max;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Clock, MailboxProvider, Throttle};
use serde::{Deserialize, Serialize};

use crate::bucket::Bucket;

/// How fast messages may leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// All of them together; no limit where there is none.
    pub global: Option<Throttle>,
    /// Those to one mailbox provider.
    pub providers: BTreeMap<MailboxProvider, Throttle>,
}

/// What may be sent now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// How many messages.
    pub n: u32,
    /// How long it is until there may be another. Nought where as many were granted as were asked for.
    pub wait: Duration,
}

/// The permits of one instance, shared by its workers.
#[derive(Debug)]
pub struct Limits {
    clock: Arc<dyn Clock>,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    global: Option<Bucket>,
    providers: BTreeMap<MailboxProvider, Bucket>,
}

impl Limits {
    /// Limits that begin with a second's worth in hand.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Self {
        let limits = Self { clock, buckets: Mutex::default() };
        limits.change(settings);
        limits
    }

    /// Goes by other settings from now on. What was used up under the old ones stays used up, so that editing is no way
    /// round a limit.
    pub fn change(&self, settings: Settings) {
        let mut buckets = self.lock();
        let mut old = std::mem::take(&mut *buckets);
        buckets.global = settings.global.map(|throttle| self.bucket(old.global, throttle));
        for (provider, throttle) in settings.providers {
            let bucket = self.bucket(old.providers.remove(&provider), throttle);
            buckets.providers.insert(provider, bucket);
        }
    }

    /// Takes up to `most` permits for messages to one provider. Never waits, and takes from no limit more than it grants.
    pub fn permits(&self, provider: &MailboxProvider, most: u32) -> Granted {
        let buckets = self.lock();
        let narrow = buckets.providers.get(provider);
        let (narrow_n, narrow_wait) = narrow.map_or((most, Duration::ZERO), |bucket| bucket.take(most));
        let (n, wide_wait) = buckets.global.as_ref().map_or((narrow_n, Duration::ZERO), |bucket| bucket.take(narrow_n));
        if let Some(narrow) = narrow.filter(|_| n < narrow_n) {
            narrow.give_back(narrow_n - n);
            return Granted { n, wait: max(wide_wait, narrow.wait()) };
        }
        Granted { n, wait: max(narrow_wait, wide_wait) }
    }

    /// Puts permits back that were not used: a message that was skipped, or taken by another worker.
    pub fn give_back(&self, provider: &MailboxProvider, n: u32) {
        let buckets = self.lock();
        for bucket in buckets.global.iter().chain(buckets.providers.get(provider)) {
            bucket.give_back(n);
        }
    }

    /// How long it is until a message to this provider may go.
    pub fn wait(&self, provider: &MailboxProvider) -> Duration {
        let buckets = self.lock();
        buckets.global.iter().chain(buckets.providers.get(provider)).map(Bucket::wait).max().unwrap_or_default()
    }

    /// The slowest rate that binds messages to this provider, if any does: what to claim ahead by.
    pub fn rate(&self, provider: &MailboxProvider) -> Option<Throttle> {
        let buckets = self.lock();
        let bound = buckets.global.iter().chain(buckets.providers.get(provider)).map(Bucket::throttle);
        bound.min_by(|a, b| a.per_second().total_cmp(&b.per_second()))
    }

    fn bucket(&self, old: Option<Bucket>, throttle: Throttle) -> Bucket {
        match old {
            Some(same) if same.throttle() == throttle => same,
            Some(other) => other.at(throttle),
            None => Bucket::new(throttle, &self.clock),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
