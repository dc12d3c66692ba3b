use std::cmp::max;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Clock, InstanceId, MailboxProvider, Throttle};

use crate::budget::Period;
use crate::class::lock;
use crate::slots::Slots;
use crate::stock::{Held, Stock};
use crate::warm_up::Plan;
use crate::{Class, Limit, Pace, Route, Settings};

/// What may be sent now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// How many messages.
    pub n: u32,
    /// How long it is until there may be another, as far as is known here. Nought where as many were granted as were asked for.
    pub wait: Duration,
}

/// What one instance has in hand of the limits that all instances share.
#[derive(Debug)]
pub struct Limits {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) instance: InstanceId,
    settings: Settings,
    /// The rates of providers that have asked for less.
    paces: Mutex<BTreeMap<MailboxProvider, Throttle>>,
    pub(crate) turn: AtomicU64,
    pub(crate) stocks: Mutex<BTreeMap<String, Arc<Mutex<Stock>>>>,
}

impl Limits {
    /// The limits of an instance that has nothing in hand.
    pub fn new(settings: Settings, instance: InstanceId, clock: Arc<dyn Clock>) -> Self {
        Self { clock, instance, settings, paces: Mutex::default(), turn: AtomicU64::new(0), stocks: Mutex::default() }
    }

    /// The limits that bind a message. One that nothing binds costs nothing.
    pub fn class(&self, route: &Route<'_>) -> Class {
        let Settings { providers, brands, campaign, .. } = &self.settings;
        let relay = self.settings.of_relay(route.relay);
        let of_campaign = route.campaign.filter(|_| !campaign.is_none()).map(|id| (format!("campaign:{id}"), campaign));
        let pace = lock(&self.paces).get(route.provider).copied().map(Limit::rate);
        let bound = [
            (!relay.is_none()).then(|| (relay_key(route.relay), relay)),
            providers.get(route.provider).map(|limit| (format!("provider:{}", route.provider), limit)),
            pace.as_ref().map(|limit| (pace_key(route.provider), limit)),
            brands.get(route.brand).map(|limit| (format!("brand:{}", route.brand), limit)),
            of_campaign,
        ];
        let bound: Vec<(String, &Limit)> = bound.into_iter().flatten().collect();
        let per_connection = bound.iter().filter_map(|(_, limit)| limit.messages_per_connection).min();
        let rates = bound.iter().filter_map(|(_, limit)| limit.rate);
        let rate = rates.min_by(|a, b| a.per_second().total_cmp(&b.per_second()));
        let mut stocks: Vec<_> = bound.into_iter().map(|(key, limit)| (key.clone(), self.stock(key, limit))).collect();
        stocks.extend(self.warming(route));
        stocks.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let stocks = stocks.into_iter().map(|(_, stock)| stock).collect();
        let per_connection = per_connection.map(NonZeroU32::get);
        Class { stocks, is_campaign: route.campaign.is_some(), per_connection, rate }
    }

    /// Goes by these paces from now on: the rates of providers that have asked for less. Says for which providers a
    /// [`class`](Self::class) is another from now on, because a pace has begun or ended.
    pub fn adapt(&self, paces: &[Pace], now: DateTime<Utc>) -> BTreeSet<MailboxProvider> {
        let new: BTreeMap<MailboxProvider, Throttle> =
            paces.iter().filter_map(|pace| Some((pace.provider.clone(), pace.rate(now)?))).collect();
        let mut paces = lock(&self.paces);
        for (provider, rate) in new.iter().filter(|(provider, rate)| paces.get(*provider) != Some(*rate)) {
            let stock = lock(&self.stocks).get(&pace_key(provider)).cloned();
            if let Some(stock) = stock {
                lock(&stock).retune(&Limit::rate(*rate), &self.clock);
            }
        }
        let only_in = |a: &BTreeMap<MailboxProvider, Throttle>, b: &BTreeMap<MailboxProvider, Throttle>| {
            a.keys().filter(|provider| !b.contains_key(*provider)).cloned().collect::<BTreeSet<_>>()
        };
        let changed = &only_in(&new, &paces) | &only_in(&paces, &new);
        *paces = new;
        changed
    }

    /// The rate of a provider by its limit, in messages an hour.
    pub fn provider_per_hour(&self, provider: &MailboxProvider) -> Option<i64> {
        let rate = self.settings.providers.get(provider)?.rate?;
        // Saturating is what `as` does; less than one an hour is one.
        Some(((rate.per_second() * 3_600.0) as i64).max(1))
    }

    /// Takes up to `most` permits for messages of this class, and as many slots. Never waits, and takes from no limit more than
    /// it grants.
    pub fn take(&self, class: &Class, most: u32) -> Granted {
        let granted = self.look(class, most);
        if granted.n > 0 && !class.stocks.is_empty() {
            let uptime = self.clock.uptime();
            class.lock().iter_mut().for_each(|stock| stock.take(granted.n, uptime));
        }
        granted
    }

    /// What [`take`](Self::take) would say.
    pub fn look(&self, class: &Class, most: u32) -> Granted {
        if class.stocks.is_empty() {
            return Granted { n: most, wait: Duration::ZERO };
        }
        let closed = self.closed(class);
        if !closed.is_zero() {
            return Granted { n: 0, wait: closed };
        }
        let uptime = self.clock.uptime();
        let (mut n, mut wait) = (most, Duration::ZERO);
        for stock in &mut class.lock() {
            let (found, then) = stock.look(most, uptime);
            n = n.min(found);
            wait = max(wait, then);
        }
        Granted { n, wait }
    }

    /// Puts permits and slots back that were taken and not used: for a message that was not sent after all.
    pub fn give_back(&self, class: &Class, n: u32) {
        let uptime = self.clock.uptime();
        let current = Period::at(self.clock.now());
        class.lock().iter_mut().for_each(|stock| stock.give_back(n, current, uptime));
    }

    /// Messages have ended, however they did: their slots are free.
    pub fn done(&self, class: &Class, n: u32) {
        class.lock().iter_mut().for_each(|stock| stock.done(n));
    }

    /// How long it is until the windows of a class let it go.
    pub(crate) fn closed(&self, class: &Class) -> Duration {
        if !class.is_campaign {
            return Duration::ZERO;
        }
        let now = self.clock.now();
        class.lock().iter().map(|stock| stock.closed(now)).max().unwrap_or_default()
    }

    /// Says how many connections to a relay there are here, and how many are wanted: what is to be known before
    /// [`refill`](Self::refill).
    pub fn connect(&self, relay: &str, open: u32, wanted: u32) {
        let limit = self.settings.of_relay(relay);
        if limit.connections.is_some() {
            let stock = self.stock(relay_key(relay), limit);
            if let Some(held) = &mut lock(&stock).held {
                (held.slots.busy, held.connections) = (open, Some(wanted));
            }
        }
    }

    /// How many connections to a relay there may be here; nothing where any number may be.
    pub fn connections(&self, relay: &str) -> Option<u32> {
        let limit = self.settings.of_relay(relay);
        limit.connections?;
        let stock = self.stock(relay_key(relay), limit);
        lock(&stock).held.as_ref().map(|held| held.slots.may(self.clock.uptime()))
    }

    /// What a relay that is warmed up may still take of campaigns for a provider.
    fn warming(&self, route: &Route<'_>) -> Option<(String, Arc<Mutex<Stock>>)> {
        route.campaign?;
        let warm_up = self.settings.warm_ups.get(route.relay)?.clone();
        let plan = Plan { relay: route.relay.to_owned(), provider: route.provider.clone(), warm_up };
        let key = plan.key();
        let mut stocks = lock(&self.stocks);
        let stock =
            stocks.entry(key.clone()).or_insert_with(|| Arc::new(Mutex::new(Stock::planned(plan, &self.clock))));
        Some((key, Arc::clone(stock)))
    }

    fn stock(&self, key: String, limit: &Limit) -> Arc<Mutex<Stock>> {
        let mut stocks = lock(&self.stocks);
        Arc::clone(stocks.entry(key).or_insert_with_key(|key| {
            // Under a relay's limit it is connections that have slots, not messages.
            let connections = key.starts_with(RELAY).then_some(0);
            let held = limit.connections.map(|all| Held { slots: Slots::of(all.get()), connections });
            Arc::new(Mutex::new(Stock::new(key.clone(), limit, held, &self.clock)))
        }))
    }
}

/// What the keys of relays begin with.
const RELAY: &str = "relay:";

fn relay_key(relay: &str) -> String {
    format!("{RELAY}{relay}")
}

fn pace_key(provider: &MailboxProvider) -> String {
    format!("pace:{provider}")
}
