use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::SubscriberId;
use subscribers::may_be_mailed;

use super::turn::Group;
use super::{Desk, Task, Work};
use crate::Error;
use crate::hand::Order;
use crate::holding::{Holding, is_stale};

impl Desk {
    /// What the workers have prepared, by holding, once those who may no longer be mailed are taken out.
    pub(super) async fn ready(&mut self, now: DateTime<Utc>) -> Result<Vec<Group>, Error> {
        self.discard_paused();
        let mut prepared: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (number, seat) in self.seats.iter().enumerate() {
            if let Task::Prepared(work) = &seat.task {
                prepared.entry(work.holding).or_default().push(number);
            }
        }
        let mut groups = Vec::with_capacity(prepared.len());
        for (holding, seats) in prepared {
            let seats = self.look_again(holding, seats, now).await?;
            if !seats.is_empty() {
                groups.push(Group { holding, seats });
            }
        }
        Ok(groups)
    }

    /// Asks again who may be mailed, if it was asked too long ago. Gives back the seats whose message may still go.
    async fn look_again(&mut self, id: u64, seats: Vec<usize>, now: DateTime<Utc>) -> Result<Vec<usize>, Error> {
        let uptime = self.parts.clock.uptime();
        let Some(holding) = self.holdings.iter().find(|holding| holding.id == id) else { return Ok(seats) };
        // A worker that had other things to do may have kept a message since before the last look.
        let prepared = seats.iter().filter_map(|seat| self.prepared(*seat)).map(|work| work.looked_at);
        if !prepared.chain([holding.looked_at]).any(|looked_at| is_stale(looked_at, uptime)) {
            return Ok(seats);
        }
        let prepared = seats.iter().filter_map(|seat| self.prepared(*seat)).filter_map(|work| work.subscriber);
        let ids: Vec<SubscriberId> = holding.subscribers().chain(prepared).collect();
        let kind = holding.stationery.mailing.kind;
        let answers = may_be_mailed(self.parts.db.reader(), kind, &holding.scope(), &ids, now).await?;
        let why_not = |subscriber| answers.why_not(subscriber).map(|why| why.to_string());
        let mut skipped = Vec::new();
        if let Some(holding) = self.holding(id) {
            holding.looked_at = uptime;
            skipped = holding.withdraw(why_not);
        }
        let mut going = Vec::with_capacity(seats.len());
        for seat in seats {
            let Some(work) = self.prepared(seat).cloned() else { continue };
            match work.subscriber.and_then(why_not) {
                Some(why) => {
                    skipped.push((work.key, why));
                    self.discard(seat);
                }
                None => {
                    self.seats[seat].looked(uptime);
                    going.push(seat);
                }
            }
        }
        self.skip(&skipped).await?;
        Ok(going)
    }

    /// Lets go of what is prepared for a provider that is left alone since then.
    fn discard_paused(&mut self) {
        let paused = |holding: &&Holding| self.paused.contains(&holding.lane);
        let paused: Vec<u64> = self.holdings.iter().filter(paused).map(|holding| holding.id).collect();
        for seat in 0..self.seats.len() {
            if self.prepared(seat).is_some_and(|work| paused.contains(&work.holding)) {
                self.discard(seat);
            }
        }
    }

    /// Lets go of whatever is prepared and not submitted.
    pub(super) fn discard_prepared(&mut self) {
        (0..self.seats.len()).for_each(|seat| self.discard(seat));
    }

    pub(super) fn discard(&mut self, seat: usize) {
        let Some(work) = self.prepared(seat).cloned() else { return };
        self.seats[seat].hand.tell(Order::Discard);
        self.seats[seat].task = Task::None;
        if let Some(holding) = self.holding(work.holding) {
            holding.open -= 1;
        }
        self.parts.limits.give_back(&work.class, 1);
    }

    pub(super) fn prepared(&self, seat: usize) -> Option<&Work> {
        match &self.seats[seat].task {
            Task::Prepared(work) => Some(work),
            _ => None,
        }
    }
}
