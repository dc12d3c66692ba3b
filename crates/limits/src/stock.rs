use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::Clock;

use crate::bucket::Bucket;
use crate::budget::{AHEAD, Leased, Period, Terms};
use crate::slots::Slots;
use crate::warm_up::Plan;
use crate::{Limit, Window};

/// For how long a permit that was leased may be used. What is left then goes back.
const STANDS: Duration = Duration::from_secs(1);

/// How soon it is looked again for a connection that another message or another instance has.
const SOON: Duration = Duration::from_millis(250);

/// What this instance has in hand of one limit.
#[derive(Debug)]
pub(crate) struct Stock {
    pub(crate) key: String,
    pub(crate) terms: Terms,
    windows: Vec<Window>,
    /// By which plan the terms change from day to day, if they do.
    pub(crate) plan: Option<Plan>,
    pub(crate) held: Option<Held>,
    bucket: Option<Bucket>,
    slices: VecDeque<Slice>,
    /// What was leased and not used in time.
    pub(crate) owed: u32,
    /// When the last of it was leased.
    pub(crate) leased_in: Period,
    /// Before this uptime asking for more is of no use.
    pub(crate) ask_at: Duration,
    /// When the next permit may be there, as far as is known.
    pub(crate) due_at: Duration,
    used: u32,
    counted_from: Duration,
    /// Messages under way that have a permit of the period in which the last was leased.
    under_way: u32,
    /// Those that have one of a period before.
    older: u32,
}

/// Slots, and what they are for.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) slots: Slots,
    /// How many connections are wanted, where slots are for connections to the relay; nothing where messages have them.
    pub(crate) connections: Option<u32>,
}

/// Permits that were leased together, and fall due one after the other.
#[derive(Debug)]
struct Slice {
    /// When the first may be used.
    from: Duration,
    interval: Duration,
    n: u32,
}

impl Slice {
    fn due(&self, uptime: Duration) -> u32 {
        let Some(time) = uptime.checked_sub(self.from) else { return 0 };
        let passed = time.as_nanos().checked_div(self.interval.as_nanos());
        passed.map_or(self.n, |passed| u32::try_from(passed).unwrap_or(u32::MAX).saturating_add(1).min(self.n))
    }

    /// How many have stood for too long.
    fn stale(&self, uptime: Duration) -> u32 {
        uptime.checked_sub(STANDS).map_or(0, |then| self.due(then))
    }

    fn take(&mut self, n: u32) {
        self.n -= n;
        self.from += self.interval * n;
    }
}

impl Stock {
    pub(crate) fn new(key: String, limit: &Limit, held: Option<Held>, clock: &Arc<dyn Clock>) -> Self {
        let terms = Terms::of(limit);
        let bucket = bucket(&terms, clock);
        Self {
            key,
            terms,
            windows: limit.windows.clone(),
            plan: None,
            held,
            bucket,
            slices: VecDeque::new(),
            owed: 0,
            leased_in: Period::default(),
            ask_at: Duration::ZERO,
            due_at: Duration::ZERO,
            used: 0,
            counted_from: clock.uptime(),
            under_way: 0,
            older: 0,
        }
    }

    /// What a plan allows. Until the database has said how much that is today, it is nothing.
    pub(crate) fn planned(plan: Plan, clock: &Arc<dyn Clock>) -> Self {
        let mut stock = Self::new(plan.key(), &Limit::default(), None, clock);
        stock.terms.allow_daily(Some(0));
        stock.plan = Some(plan);
        stock
    }

    /// Goes by another rate from now on. What is in hand was leased by the old one, and goes back.
    pub(crate) fn retune(&mut self, limit: &Limit, clock: &Arc<dyn Clock>) {
        self.surrender();
        self.terms = Terms::of(limit);
        self.bucket = bucket(&self.terms, clock);
        (self.ask_at, self.due_at) = (Duration::ZERO, Duration::ZERO);
    }

    /// How long it is until its windows let a campaign go.
    pub(crate) fn closed(&self, now: DateTime<Utc>) -> Duration {
        let next = self.windows.iter().filter_map(|window| window.next(now)).min();
        next.map_or(Duration::ZERO, |next| (next - now).to_std().unwrap_or_default())
    }

    /// How many may go now, up to `most`, and how long it is until another may if these are fewer.
    pub(crate) fn look(&mut self, most: u32, uptime: Duration) -> (u32, Duration) {
        self.expire(uptime);
        let (mut n, mut wait) = (most, Duration::ZERO);
        if self.terms.meters() {
            let leased: u32 = self.slices.iter().map(|slice| slice.due(uptime)).sum();
            if leased < n {
                (n, wait) = (leased, self.next(uptime));
            }
        }
        if let Some(bucket) = &self.bucket {
            let (paced, then) = bucket.look(n);
            if paced < n {
                (n, wait) = (paced, then);
            }
        }
        if let Some(Held { slots, connections: None }) = &self.held
            && slots.free(uptime) < n
        {
            (n, wait) = (slots.free(uptime), SOON);
        }
        (n, wait)
    }

    /// Takes what [`look`](Self::look) has found.
    pub(crate) fn take(&mut self, n: u32, uptime: Duration) {
        if let Some(bucket) = &self.bucket {
            bucket.take(n);
        }
        if let Some(Held { slots, connections: None }) = &mut self.held {
            slots.busy += n;
        }
        self.used = self.used.saturating_add(n);
        self.under_way = self.under_way.saturating_add(n);
        let mut left = if self.terms.meters() { n } else { 0 };
        for slice in &mut self.slices {
            let part = slice.due(uptime).min(left);
            slice.take(part);
            left -= part;
        }
        self.slices.retain(|slice| slice.n > 0);
    }

    /// Puts back what was taken and not used. What is of another hour or day is of no use where these are counted; while messages of
    /// before are under way, it is theirs that come back.
    pub(crate) fn give_back(&mut self, n: u32, current: Period, uptime: Duration) {
        self.free(n);
        let older = self.older.min(n);
        self.older -= older;
        self.under_way = self.under_way.saturating_sub(n - older);
        let lost = match self.terms.has_quota() {
            true if self.terms.is_over(self.leased_in, current) => n,
            true => older,
            false => 0,
        };
        if let Some(bucket) = &self.bucket {
            bucket.give_back(n);
        }
        self.used = self.used.saturating_sub(n);
        if self.terms.meters() && n > lost {
            self.slices.push_front(Slice { from: uptime, interval: Duration::ZERO, n: n - lost });
        }
    }

    /// Messages are no longer under way.
    pub(crate) fn done(&mut self, n: u32) {
        self.free(n);
        let newer = self.under_way.min(n);
        self.under_way -= newer;
        self.older = self.older.saturating_sub(n - newer);
    }

    fn free(&mut self, n: u32) {
        if let Some(Held { slots, connections: None }) = &mut self.held {
            slots.busy = slots.busy.saturating_sub(n);
        }
    }

    /// How many are in hand, those included whose time is about to come.
    pub(crate) fn in_hand(&mut self, uptime: Duration) -> u32 {
        self.expire(uptime);
        if self.terms.meters() { self.slices.iter().map(|slice| slice.n).sum() } else { u32::MAX }
    }

    /// How many were used in a second of late.
    pub(crate) fn recent(&self, uptime: Duration) -> u32 {
        let time = uptime.saturating_sub(self.counted_from).as_secs_f64().max(0.1);
        // Saturating is what `as` does.
        (f64::from(self.used) / time) as u32
    }

    /// More was leased. What is left of another hour or day is of no use where these are counted, and cannot be put back either.
    pub(crate) fn add(&mut self, leased: &Leased, of: Period, uptime: Duration) {
        if self.leased_in != of && self.terms.has_quota() {
            (self.owed, self.slices) = (0, VecDeque::new());
            (self.under_way, self.older) = (0, self.older.saturating_add(self.under_way));
        }
        self.leased_in = of;
        (self.used, self.counted_from) = (0, uptime);
        let interval = self.terms.pace().map_or(Duration::ZERO, |(interval, _)| interval);
        self.slices.push_back(Slice { from: uptime, interval: Duration::ZERO, n: leased.at_once });
        self.slices.push_back(Slice { from: uptime + leased.wait, interval, n: leased.later });
        self.slices.retain(|slice| slice.n > 0);
    }

    /// Takes out everything in hand, to be put back.
    pub(crate) fn surrender(&mut self) {
        self.owed += self.slices.drain(..).map(|slice| slice.n).sum::<u32>();
    }

    fn expire(&mut self, uptime: Duration) {
        for slice in &mut self.slices {
            let stale = slice.stale(uptime);
            slice.take(stale);
            self.owed += stale;
        }
        self.slices.retain(|slice| slice.n > 0);
    }

    fn next(&self, uptime: Duration) -> Duration {
        let coming = self.slices.iter().map(|slice| slice.from + slice.interval * slice.due(uptime));
        let coming = coming.filter(|due| *due > uptime).min();
        coming.unwrap_or(self.due_at).saturating_sub(uptime)
    }
}

fn bucket(terms: &Terms, clock: &Arc<dyn Clock>) -> Option<Bucket> {
    // What was not used on time, because the desk was busy, may be caught up with: so much at most as one lease is for.
    let behind = |interval: Duration| u32::try_from(AHEAD.as_nanos() / interval.as_nanos().max(1)).unwrap_or(u32::MAX);
    terms.pace().map(|(interval, burst)| Bucket::new(interval, burst.saturating_add(behind(interval)), clock))
}
