//! The one transaction of a round.

use chrono::{DateTime, Utc};
use database::Writes;
use domain::DeliveryKey;
use outbox::{Answer, Lease, Submitted};
use sea_orm::DatabaseTransaction;
use subscribers::suppression::Origin;

use super::Desk;
use super::hear::Heard;
use crate::Error;
use crate::holding::Holding;

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
        if let Err(error) = self.answer_and_submit(now).await {
            self.save_the_answers(now).await;
            return Err(error);
        }
        self.write_off_unfit().await?;
        self.mind_the_providers(now).await
    }

    async fn answer_and_submit(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.resolve().await?;
        let groups = if self.draining {
            self.discard_prepared();
            Vec::new()
        } else {
            self.ready(now).await?
        };
        if self.heard.is_empty() && self.owed.is_empty() && groups.is_empty() {
            return Ok(());
        }
        let Some(groups) = self.presume(groups, now).await? else { return Ok(()) };
        let no = self.number();
        let (txn, submitted) = database::across_deadlocks(|| self.write(no, &groups, now)).await?;
        self.commit(txn, no, groups.into_iter().zip(submitted).collect()).await
    }

    /// Writes and commits a round of the usual kind in one trip. Gives back the groups of any other, of which nothing is written.
    async fn presume(&mut self, groups: Vec<Group>, now: DateTime<Utc>) -> Result<Option<Vec<Group>>, Error> {
        if self.unsettled().any(|heard| heard.failure().is_some()) || !self.owed.is_empty() {
            return Ok(Some(groups));
        }
        let (db, instance) = (&self.parts.db, self.parts.instance);
        let mut writes = Writes::new();
        let next = self.beginnings(&groups);
        if next.len() < groups.len() {
            return Ok(Some(groups));
        }
        let presumed = outbox::presume(db.backend(), instance, &self.answers(), &next, &mut writes, now);
        let Some(submitted) = presumed else { return Ok(Some(groups)) };
        self.add_facts(&mut writes);
        let no = self.number();
        outbox::round::seal(&mut writes, instance, no, now);
        self.commit_at_once(writes, no, groups.into_iter().zip(submitted).collect()).await
    }

    /// All but the commit.
    async fn write(
        &self,
        no: i64,
        groups: &[Group],
        now: DateTime<Utc>,
    ) -> Result<(DatabaseTransaction, Vec<Vec<Submitted>>), Error> {
        let txn = self.parts.db.begin().await?;
        self.hold_the_refused(&txn).await?;
        let mut writes = Writes::new();
        let submitted = self.write_deliveries(&txn, groups, &mut writes, now).await?;
        self.write_consequences(&txn, &mut writes, now).await?;
        outbox::round::seal(&mut writes, self.parts.instance, no, now);
        writes.run(&txn).await?;
        Ok((txn, submitted))
    }

    /// Writes the answers alone, where something else is what cannot be written: nobody is in doubt for that. What follows from
    /// them is owed, and comes with the next round.
    async fn save_the_answers(&mut self, now: DateTime<Utc>) {
        let alone = async {
            let txn = self.parts.db.begin().await?;
            outbox::record(&txn, self.parts.instance, &self.answers(), now).await?;
            Ok::<_, Error>(txn.commit().await?)
        };
        // If this fails too, the database is out of reach: the answers stay in hand, and the next round tries both again.
        if !self.heard.is_empty() && alone.await.is_ok() {
            let heard = std::mem::take(&mut self.heard);
            self.owed.extend(heard.iter().cloned());
            self.close_the_answered(heard);
        }
    }

    /// What was answered and has not had all its consequences.
    fn unsettled(&self) -> impl Iterator<Item = &Heard> {
        self.owed.iter().chain(&self.heard)
    }

    /// Locks the people to whom something follows, before their deliveries: whoever erases a person, or reads what came back,
    /// has it in this order, and so neither waits for the other for ever.
    async fn hold_the_refused(&self, txn: &DatabaseTransaction) -> Result<(), Error> {
        let refused: Vec<_> = self.unsettled().filter_map(Heard::failure).map(|(subscriber, ..)| subscriber).collect();
        if !refused.is_empty() {
            subscribers::hold_all(txn, refused).await?;
        }
        Ok(())
    }

    /// The answers, and what of the groups may be sent.
    async fn write_deliveries(
        &self,
        txn: &DatabaseTransaction,
        groups: &[Group],
        writes: &mut Writes,
        now: DateTime<Utc>,
    ) -> Result<Vec<Vec<Submitted>>, Error> {
        let next = self.beginnings(groups);
        let mut submitted =
            outbox::turn(txn, self.parts.instance, &self.answers(), &next, writes, now).await?.submitted.into_iter();
        let of = |group: &Group| self.holding_of(group).and_then(|_| submitted.next()).unwrap_or_default();
        Ok(groups.iter().map(of).collect())
    }

    fn holding_of(&self, group: &Group) -> Option<&Holding> {
        self.holdings.iter().find(|holding| holding.id == group.holding)
    }

    /// What of each group is to be begun, under the lease of its holding.
    fn beginnings(&self, groups: &[Group]) -> Vec<(&Lease, Vec<DeliveryKey>)> {
        let of = |group: &Group| Some((&self.holding_of(group)?.lease, self.keys(group)));
        groups.iter().filter_map(of).collect()
    }

    fn answers(&self) -> Vec<Answer> {
        self.heard.iter().map(Heard::answer).cloned().collect()
    }

    /// Failures and facts.
    async fn write_consequences(
        &self,
        txn: &DatabaseTransaction,
        writes: &mut Writes,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        for (subscriber, brand, verdict, key) in self.unsettled().filter_map(Heard::failure) {
            let origin = Origin::new(key, None);
            subscribers::record_failure(txn, subscriber, brand, verdict, origin, now).await?;
        }
        self.add_facts(writes);
        Ok(())
    }

    fn add_facts(&self, writes: &mut Writes) {
        let facts: Vec<_> = self.unsettled().filter_map(Heard::fact).collect();
        activity::add_all(self.parts.db.backend(), &facts, writes);
    }

    pub(super) fn keys(&self, group: &Group) -> Vec<DeliveryKey> {
        group.seats.iter().filter_map(|seat| self.prepared(*seat)).map(|work| work.key).collect()
    }
}
