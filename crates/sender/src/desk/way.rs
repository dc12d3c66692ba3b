//! A relay as the desk sees it: whether it takes mail at present, and what it has had.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use domain::BrandId;

use crate::Outlet;
use crate::backoff::Backoff;
use crate::connection::Ended;
use crate::hand::Bench;

/// So many messages one after the other that a relay does not take for its own reasons, and it is left alone.
const ENOUGH: u32 = 5;

/// An outlet and how it stands.
pub(super) struct Way {
    pub(super) outlet: Outlet,
    pub(super) bench: Bench,
    backoff: Backoff,
    /// How many of its last messages it did not take, for reasons of its own.
    failed: u32,
    /// Why it takes no mail, if it does not.
    pub(super) error: Option<String>,
    /// Connections of workers that were sent home.
    pub(super) leaving: Vec<Arc<AtomicBool>>,
    accounts: HashMap<BrandId, Account>,
}

/// What a relay has had of one brand's mail, where it shares that with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) had: u64,
    /// Since when it could have had more, were it not for the share of others.
    pub(super) waits_since: Option<Duration>,
}

impl Way {
    pub(super) fn new(outlet: Outlet, bench: Bench) -> Self {
        let way = Self {
            outlet,
            bench,
            backoff: Backoff::default(),
            failed: 0,
            error: None,
            leaving: Vec::new(),
            accounts: HashMap::new(),
        };
        way.show(true);
        way
    }

    /// Whether it was down when it was last tried.
    pub(super) fn is_down(&self) -> bool {
        self.backoff.is_failing()
    }

    /// How long it is still to be left alone.
    pub(super) fn wait(&self, uptime: Duration) -> Duration {
        self.backoff.wait(uptime)
    }

    /// Whether only a message can show that it takes mail: it lets us in, and takes none.
    pub(super) fn is_refusing(&self) -> bool {
        self.failed >= ENOUGH
    }

    /// It lets us in.
    pub(super) fn works(&mut self) {
        if self.is_refusing() {
            return;
        }
        if self.backoff.worked() {
            self.error = None;
            self.show(true);
            let name = &self.outlet.name;
            tracing::info!(relay = %name, "the relay {name} takes mail again");
        }
    }

    /// It takes no mail, and this is why.
    pub(super) fn fails(&mut self, why: String, uptime: Duration) {
        // Workers that find it down together have found it down once.
        if self.backoff.wait(uptime).is_zero() {
            let (wait, news) = self.backoff.failed(uptime);
            if news {
                self.show(false);
                let name = &self.outlet.name;
                tracing::error!(relay = %name, "the relay {name} takes no mail, next try in {wait:?}: {why}");
            }
        }
        self.error = Some(why);
    }

    /// A message has ended. Its own fault is what it says before it knows whom the message is for, and a connection that it ends.
    pub(super) fn hears(&mut self, ended: &Ended, uptime: Duration) {
        match ended.is_the_relays_fault() {
            // Nothing but a message shows that it lets us in again.
            Some(true) if ended.asks_for_rest().is_some() => self.failed = ENOUGH,
            Some(true) => self.failed = self.failed.saturating_add(1),
            Some(false) => {
                self.failed = 0;
                self.works();
            }
            // It was tried, and has shown nothing: the next try is not at once either.
            None if self.is_refusing() && self.backoff.wait(uptime).is_zero() => {
                self.backoff.failed(uptime);
            }
            None => {}
        }
        if self.is_refusing() && ended.is_the_relays_fault() == Some(true) {
            let words = ended.reply().map_or_else(|| "connections broke".to_owned(), ToString::to_string);
            let Some(rest) = ended.asks_for_rest() else {
                return self.fails(format!("its last {} messages were not taken: {words}", self.failed), uptime);
            };
            self.fails(format!("it has answered {words}"), uptime);
            self.backoff.rest(uptime, rest);
        }
    }

    pub(super) fn account(&mut self, brand: BrandId) -> &mut Account {
        self.accounts.entry(brand).or_default()
    }

    pub(super) fn had(&self, brand: BrandId) -> u64 {
        self.accounts.get(&brand).map_or(0, |account| account.had)
    }

    fn show(&self, up: bool) {
        metrics::gauge!("eshot_relay_up", "relay" => self.outlet.name.clone()).set(if up { 1.0 } else { 0.0 });
    }
}
