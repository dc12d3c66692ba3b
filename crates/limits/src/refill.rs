//! Leasing from the database, for all instances together: permits and slots.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::{Database, sql};
use sea_orm::{DatabaseTransaction, DbErr};

use crate::budget::{AHEAD, Budget, Leased, Period};
use crate::class::lock;
use crate::stock::{Held, Stock};
use crate::{Class, Limits, slots, warm_up};

/// A budget that nobody has touched for so long says nothing any more: neither of a rate nor of a day.
const FORGOTTEN: TimeDelta = TimeDelta::days(35);

/// A limit that was spent is not asked again sooner.
const PAUSE: Duration = Duration::from_millis(125);

/// What one transaction asks of one limit.
struct Asked {
    stock: Arc<Mutex<Stock>>,
    budget: Budget,
    /// To be put back, and when it was leased.
    owed: u32,
    leased_in: Period,
    /// How many may be shared out: those in hand, and those that may be leased.
    pool: u32,
    in_hand: u32,
    shared: u32,
    /// How many slots are wanted, if it is asked for any.
    slots: Option<u32>,
    may: u32,
}

/// What messages of one class need.
struct Need {
    is_campaign: bool,
    keys: Vec<String>,
    n: u32,
}

/// What a transaction has brought, to be taken into stock when it has committed.
struct Brought {
    leased: Leased,
    ask_in: Duration,
    due_in: Duration,
}

impl Limits {
    /// Leases what messages of these classes need to go now, so far as the limits allow: urgent ones first, the others in the
    /// order in which they are to have their turn. Puts back what was leased and not used. Asks the database for nothing that is
    /// in hand, and not before there can be something.
    pub async fn refill(&self, db: &Database, wanted: &[(Class, u32)], now: DateTime<Utc>) -> Result<(), DbErr> {
        let uptime = self.clock.uptime();
        let mut asked = BTreeMap::new();
        let needs = self.needs(wanted, &mut asked, uptime);
        self.look_after(wanted, &mut asked, uptime);
        if asked.is_empty() {
            return Ok(());
        }
        let txn = db.begin().await?;
        load(&txn, &mut asked, now).await?;
        share(needs, &mut asked);
        let brought: Vec<Brought> = asked.values_mut().map(|asked| asked.lease(self.jitter(), now)).collect();
        for (key, asked) in &mut asked {
            let held = asked.slots.and_then(|_| lock(&asked.stock).held.as_ref().map(|held| held.slots.clone()));
            if let (Some(held), Some(wanted)) = (held, asked.slots) {
                asked.may = slots::lease(&txn, key, &held, wanted, self.instance, now).await?;
            }
            write(&txn, key, &asked.budget, now).await?;
        }
        txn.commit().await?;
        for (asked, brought) in asked.values().zip(brought) {
            asked.take_in(&brought, uptime);
        }
        Ok(())
    }

    /// Gives everything back that is in hand: nothing more is sent from here for now.
    pub async fn surrender(&self, db: &Database, now: DateTime<Utc>) -> Result<(), DbErr> {
        for stock in lock(&self.stocks).values() {
            lock(stock).surrender();
        }
        self.refill(db, &[], now).await
    }

    /// What is wanted and may be had, and the limits that are to be asked for it.
    fn needs(&self, wanted: &[(Class, u32)], asked: &mut BTreeMap<String, Asked>, uptime: Duration) -> Vec<Need> {
        let mut needs = Vec::new();
        for (class, n) in wanted.iter().filter(|(class, n)| *n > 0 && self.closed(class).is_zero()) {
            let mut stocks = class.lock();
            let in_hand: Vec<(u32, bool)> =
                stocks.iter_mut().map(|stock| (stock.in_hand(uptime), uptime >= stock.ask_at)).collect();
            // What one limit has not got and cannot get is of no use under the others.
            let rest = in_hand.iter().filter(|(_, asks)| !asks).map(|(in_hand, _)| *in_hand).min();
            let most = rest.unwrap_or(u32::MAX);
            for (at, (in_hand, asks)) in in_hand.iter().enumerate() {
                if *asks && *in_hand < most.min(*n) {
                    let stock = &mut *stocks[at];
                    let key = stock.key.clone();
                    asked.entry(key).or_insert_with(|| Asked::new(&class.stocks[at], stock, uptime));
                }
            }
            let recent = stocks.iter().map(|stock| stock.recent(uptime)).min().unwrap_or_default();
            let keys = stocks.iter().map(|stock| stock.key.clone()).collect();
            needs.push(Need { is_campaign: class.is_campaign, keys, n: recent.max(*n).min(most) });
        }
        needs
    }

    /// Instances that ask at one time would always be served in the same order.
    fn jitter(&self) -> Duration {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        // splitmix64, from the instance's id and how often it has asked.
        let seed = self.instance.uuid().as_u64_pair().1.wrapping_add(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Duration::from_micros((mixed ^ (mixed >> 31)) % 50_000)
    }

    /// The limits that are to be asked for slots, or that get something back; and forgets those that nobody needs any more.
    fn look_after(&self, wanted: &[(Class, u32)], asked: &mut BTreeMap<String, Asked>, uptime: Duration) {
        let mut messages: BTreeMap<String, u32> = BTreeMap::new();
        for (class, n) in wanted {
            class.lock().iter().for_each(|stock| *messages.entry(stock.key.clone()).or_default() += n);
        }
        lock(&self.stocks).retain(|key, stock| {
            let guard = &mut *lock(stock);
            let in_hand = guard.in_hand(uptime);
            let messages = messages.get(key).copied().unwrap_or_default();
            let slots = guard.held.as_ref().and_then(|Held { slots, connections }| {
                let wanted = connections.unwrap_or_else(|| slots.busy.saturating_add(messages)).min(slots.all);
                slots.asks(wanted, uptime).then_some(wanted)
            });
            // That a relay is warmed up would have to be asked again.
            let is_idle = guard.owed == 0
                && guard.held.is_none()
                && guard.plan.is_none()
                && (in_hand == 0 || !guard.terms.meters());
            if guard.owed > 0 || slots.is_some() {
                asked.entry(key.clone()).or_insert_with(|| Asked::new(stock, guard, uptime)).slots = slots;
            }
            // Only the campaigns that are being sent are remembered.
            Arc::strong_count(stock) > 1 || !is_idle
        });
    }
}

/// Shares out what there is, one by one, so that a limit that several classes have in common is not one's alone.
fn share(needs: Vec<Need>, asked: &mut BTreeMap<String, Asked>) {
    let (mut campaigns, mut open): (Vec<Need>, Vec<Need>) = needs.into_iter().partition(|need| need.is_campaign);
    loop {
        open.retain_mut(|need| {
            need.keys.retain(|key| asked.contains_key(key));
            let there = need.n > 0 && !need.keys.is_empty() && need.keys.iter().all(|key| asked[key].pool > 0);
            if there {
                need.n -= 1;
                for key in &need.keys {
                    if let Some(asked) = asked.get_mut(key) {
                        asked.pool -= 1;
                        asked.shared += 1;
                    }
                }
            }
            there
        });
        if open.is_empty() {
            if campaigns.is_empty() {
                return;
            }
            std::mem::swap(&mut open, &mut campaigns);
        }
    }
}

impl Asked {
    fn new(stock: &Arc<Mutex<Stock>>, guard: &mut Stock, uptime: Duration) -> Self {
        Self {
            stock: Arc::clone(stock),
            budget: Budget::default(),
            owed: guard.owed,
            leased_in: guard.leased_in,
            pool: 0,
            in_hand: guard.in_hand(uptime),
            shared: 0,
            slots: None,
            may: 0,
        }
    }

    /// Leases what was shared out beyond what is in hand.
    fn lease(&mut self, later: Duration, now: DateTime<Utc>) -> Brought {
        let terms = &lock(&self.stock).terms;
        let permits = self.shared.saturating_sub(self.in_hand);
        let leased = self.budget.spend(terms, permits, now);
        let spent = self.pool == 0 && terms.meters();
        Brought {
            leased,
            ask_in: if spent { self.budget.next(terms, now).max(PAUSE) + later } else { Duration::ZERO },
            due_in: if spent { self.budget.wait(terms, now) } else { Duration::ZERO },
        }
    }

    fn take_in(&self, brought: &Brought, uptime: Duration) {
        let stock = &mut *lock(&self.stock);
        stock.owed = stock.owed.saturating_sub(self.owed);
        stock.add(&brought.leased, self.budget.period(), uptime);
        (stock.ask_at, stock.due_at) = (uptime + brought.ask_in, uptime + brought.due_in);
        if let (Some(wanted), Some(held)) = (self.slots, &mut stock.held) {
            held.slots.given(self.may, wanted, uptime);
        }
    }
}

/// Reads the budgets, each locked until the transaction ends; always in the order of their keys, so that two instances cannot
/// wait for each other.
async fn load(txn: &DatabaseTransaction, asked: &mut BTreeMap<String, Asked>, now: DateTime<Utc>) -> Result<(), DbErr> {
    let lock_row = "UPDATE budgets SET touched_at = $2 WHERE key = $1 \
                    RETURNING rate, arrival, hour, hour_spent, day, day_spent";
    for (key, asked) in asked {
        let mut found = sql::rows(txn, lock_row, [key.as_str().into(), now.into()]).await?;
        if found.is_empty() {
            let forget = "DELETE FROM budgets WHERE touched_at < $1";
            sql::execute(txn, forget, [(now - FORGOTTEN).into()]).await?;
            let make = "INSERT INTO budgets (key, touched_at) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING";
            sql::execute(txn, make, [key.as_str().into(), now.into()]).await?;
            found = sql::rows(txn, lock_row, [key.as_str().into(), now.into()]).await?;
        }
        let row = found.first().ok_or(DbErr::RecordNotInserted)?;
        asked.budget = Budget {
            rate: row.try_get_by_index(0)?,
            arrival: row.try_get_by_index(1)?,
            hour: row.try_get_by_index(2)?,
            hour_spent: row.try_get_by_index(3)?,
            day: row.try_get_by_index(4)?,
            day_spent: row.try_get_by_index(5)?,
        };
        asked.budget.put_back(&lock(&asked.stock).terms, asked.owed.into(), asked.leased_in);
        let plan = lock(&asked.stock).plan.clone();
        if let Some(plan) = plan {
            let amount = warm_up::settle(txn, &plan, &asked.budget, now).await?;
            lock(&asked.stock).terms.allow_daily(amount);
        }
        let terms = &lock(&asked.stock).terms;
        asked.budget.settle(terms, now);
        let there = u32::try_from(asked.budget.available(terms, now)).unwrap_or(u32::MAX);
        asked.pool = asked.in_hand.saturating_add(there);
    }
    Ok(())
}

async fn write(txn: &DatabaseTransaction, key: &str, budget: &Budget, now: DateTime<Utc>) -> Result<(), DbErr> {
    let sql = "UPDATE budgets SET rate = $2, arrival = $3, hour = $4, hour_spent = $5, day = $6, day_spent = $7, \
                   touched_at = $8 WHERE key = $1";
    let Budget { rate, arrival, hour, hour_spent, day, day_spent } = budget;
    let values = [
        key.into(),
        rate.as_str().into(),
        (*arrival).into(),
        (*hour).into(),
        (*hour_spent).into(),
        (*day).into(),
        (*day_spent).into(),
        now.into(),
    ];
    sql::execute(txn, sql, values).await.map(drop)
}

/// A lease reaches no further ahead than a permit stands.
const _: () = assert!(AHEAD.as_millis() < 1_000);
