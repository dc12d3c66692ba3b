//! The one transaction of a round.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::DeliveryKey;
use outbox::Submitted;
use sea_orm::DatabaseTransaction;

use super::hear::Heard;
use super::{Desk, Task};
use crate::Error;
use crate::hand::Order;

/// Workers whose messages belong to one holding and may go now.
pub(super) struct Group {
    pub(super) holding: u64,
    pub(super) seats: Vec<usize>,
}

impl Desk {
    /// Writes down what was answered, what follows from it, and that what the workers have prepared is being submitted: all at
    /// once or nothing. Once that has committed the workers may send.
    ///
    /// One commit for both is half the price of two, and a worker's next message is never begun before its last answer is safe.
    pub(super) async fn turn(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.write_off_unfit().await?;
        let groups = if self.draining { Vec::new() } else { self.ready(now).await? };
        if !self.heard.is_empty() || !groups.is_empty() {
            let txn = self.parts.db.begin().await?;
            self.write_answers(&txn, now).await?;
            let begun = self.write_groups(&txn, &groups, now).await?;
            self.write_consequences(&txn, now).await?;
            txn.commit().await?;
            self.close_the_answered();
            for (group, submitted) in groups.iter().zip(begun) {
                self.let_go(group, &submitted);
            }
        }
        self.mind_the_providers(now).await
    }

    async fn write_answers(&self, txn: &DatabaseTransaction, now: DateTime<Utc>) -> Result<(), Error> {
        if !self.heard.is_empty() {
            let answers: Vec<_> = self.heard.iter().map(Heard::answer).cloned().collect();
            outbox::record(txn, self.parts.instance, &answers, now).await?;
        }
        Ok(())
    }

    /// What may be sent of each group.
    async fn write_groups(
        &self,
        txn: &DatabaseTransaction,
        groups: &[Group],
        now: DateTime<Utc>,
    ) -> Result<Vec<Vec<Submitted>>, Error> {
        let mut begun = Vec::with_capacity(groups.len());
        for group in groups {
            let keys = self.keys(group);
            begun.push(match self.holdings.iter().find(|holding| holding.id == group.holding) {
                Some(holding) => outbox::submit(txn, &holding.lease, &keys, now).await?,
                None => Vec::new(),
            });
        }
        Ok(begun)
    }

    /// Facts and failures. After the deliveries, as whoever reads returned mail has it: so the two cannot wait for each other.
    async fn write_consequences(&self, txn: &DatabaseTransaction, now: DateTime<Utc>) -> Result<(), Error> {
        let mut failures: Vec<_> = self.heard.iter().filter_map(Heard::failure).collect();
        // Whoever locks several people does it in this order.
        failures.sort_unstable_by_key(|(subscriber, ..)| *subscriber);
        for (subscriber, brand, verdict) in failures {
            subscribers::record_failure(txn, subscriber, brand, verdict, now).await?;
        }
        let facts: Vec<_> = self.heard.iter().filter_map(Heard::fact).collect();
        activity::record_all(txn, &facts).await?;
        Ok(())
    }

    /// Lets those workers send whose delivery is theirs to submit; the others let go of it.
    fn let_go(&mut self, group: &Group, submitted: &[Submitted]) {
        if submitted.is_empty()
            && let Some(holding) = self.holding(group.holding)
        {
            // The lease has ended, or the mailing is held: nothing else of it may be begun either.
            holding.pieces.clear();
        }
        let submitted: BTreeMap<DeliveryKey, Submitted> = submitted.iter().map(|one| (one.key, *one)).collect();
        for seat in &group.seats {
            let Some(work) = self.prepared(*seat) else { continue };
            match (submitted.get(&work.key), self.holdings.iter().find(|holding| holding.id == group.holding)) {
                (Some(submitted), Some(holding)) => {
                    self.seats[*seat].hand.tell(Order::Send(holding.guard(&self.parts.clock)));
                    self.seats[*seat].task = Task::Sending(work, *submitted);
                }
                _ => self.discard(*seat),
            }
        }
    }

    fn keys(&self, group: &Group) -> Vec<DeliveryKey> {
        group.seats.iter().filter_map(|seat| self.prepared(*seat)).map(|work| work.key).collect()
    }
}
