use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{CampaignId, MailboxProvider, Throttle};

use crate::stock::Stock;

/// What decides which limits bind a message.
#[derive(Copy, Clone, Debug)]
pub struct Route<'a> {
    /// The name of the relay that takes it.
    pub relay: &'a str,
    /// Who keeps the mailbox.
    pub provider: &'a MailboxProvider,
    /// The short name of the brand whose mail it is.
    pub brand: &'a str,
    /// The campaign. Nothing where somebody waits for the mail, which no window holds back.
    pub campaign: Option<CampaignId>,
}

/// Messages that are bound by the same limits.
#[derive(Clone, Default)]
pub struct Class {
    /// In the order of their keys, which is the order in which they are locked.
    pub(crate) stocks: Vec<Arc<Mutex<Stock>>>,
    pub(crate) is_campaign: bool,
    pub(crate) per_connection: Option<u32>,
    pub(crate) rate: Option<Throttle>,
}

impl Class {
    /// Whether anything binds them.
    pub fn is_limited(&self) -> bool {
        !self.stocks.is_empty()
    }

    /// The slowest rate that binds them: what to claim ahead by.
    pub fn rate(&self) -> Option<Throttle> {
        self.rate
    }

    /// How many messages a connection may have carried before one of these goes over it.
    pub fn messages_per_connection(&self) -> Option<u32> {
        self.per_connection
    }

    pub(crate) fn lock(&self) -> Vec<MutexGuard<'_, Stock>> {
        self.stocks.iter().map(|stock| lock(stock)).collect()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.stocks.iter().map(|stock| lock(stock).key.clone())).finish()
    }
}
