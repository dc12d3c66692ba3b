use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::{DeliveryKey, SubscriberId};
use outbox::Submitted;
use subscribers::may_be_mailed;

use super::{Desk, Task, Work};
use crate::Error;
use crate::hand::Order;

impl Desk {
    /// Writes down that what the workers have prepared is being submitted, and lets them send it.
    pub(super) async fn submit(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let mut groups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (number, seat) in self.seats.iter().enumerate() {
            if let Task::Prepared(work) = seat.task {
                groups.entry(work.holding).or_default().push(number);
            }
        }
        for (holding, seats) in groups {
            let seats = self.look_again(holding, seats, now).await?;
            self.submit_group(holding, &seats, now).await?;
        }
        Ok(())
    }

    async fn submit_group(&mut self, id: u64, seats: &[usize], now: DateTime<Utc>) -> Result<(), Error> {
        let keys: Vec<DeliveryKey> =
            seats.iter().filter_map(|seat| self.prepared(*seat)).map(|work| work.key).collect();
        let Some(holding) = self.holdings.iter_mut().find(|holding| holding.id == id) else {
            seats.iter().for_each(|seat| self.discard(*seat));
            return Ok(());
        };
        if keys.is_empty() {
            return Ok(());
        }
        let submitted = outbox::submit(&self.parts.db, &holding.lease, &keys, now).await?;
        if submitted.is_empty() {
            // The lease has ended, or the mailing is held: nothing else of it may be begun either.
            holding.pieces.clear();
        }
        let submitted: BTreeMap<DeliveryKey, Submitted> = submitted.into_iter().map(|one| (one.key, one)).collect();
        for seat in seats {
            let Some(work) = self.prepared(*seat) else { continue };
            match (submitted.get(&work.key), self.holdings.iter().find(|holding| holding.id == id)) {
                (Some(submitted), Some(holding)) => {
                    self.seats[*seat].hand.tell(Order::Send(holding.guard(&self.parts.clock)));
                    self.seats[*seat].task = Task::Sending(work, *submitted);
                }
                _ => self.discard(*seat),
            }
        }
        Ok(())
    }

    /// Asks again who may be mailed, if it was asked too long ago. Gives back the seats whose message may still go.
    async fn look_again(&mut self, id: u64, seats: Vec<usize>, now: DateTime<Utc>) -> Result<Vec<usize>, Error> {
        let uptime = self.parts.clock.uptime();
        let Some(holding) = self.holdings.iter().find(|holding| holding.id == id && holding.is_stale(uptime)) else {
            return Ok(seats);
        };
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
            let Some(work) = self.prepared(seat) else { continue };
            match work.subscriber.and_then(why_not) {
                Some(why) => {
                    skipped.push((work.key, why));
                    self.discard(seat);
                }
                None => going.push(seat),
            }
        }
        self.skip(&skipped).await?;
        Ok(going)
    }

    /// Lets go of whatever is prepared and not submitted.
    pub(super) fn discard_prepared(&mut self) {
        (0..self.seats.len()).for_each(|seat| self.discard(seat));
    }

    fn discard(&mut self, seat: usize) {
        let Some(work) = self.prepared(seat) else { return };
        self.seats[seat].hand.tell(Order::Discard);
        self.seats[seat].task = Task::None;
        if let Some(holding) = self.holding(work.holding) {
            holding.open -= 1;
            let lane = holding.lane.clone();
            self.parts.limits.give_back(&lane, 1);
        }
    }

    fn prepared(&self, seat: usize) -> Option<Work> {
        match self.seats[seat].task {
            Task::Prepared(work) => Some(work),
            _ => None,
        }
    }
}
