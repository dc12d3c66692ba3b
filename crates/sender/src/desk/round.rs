//! What becomes of a round once its transaction is written: it is committed, or not, or nobody has said so yet.

use std::collections::BTreeMap;

use database::Writes;
use domain::DeliveryKey;
use outbox::{Phase, Submitted, round};
use sea_orm::DatabaseTransaction;

use super::hear::Heard;
use super::turn::Group;
use super::{Desk, Task, Work};
use crate::Error;
use crate::connection::Ended;
use crate::hand::Order;
use crate::holding::Look;

/// All that one transaction has written.
pub(super) struct Round {
    no: i64,
    heard: Vec<Heard>,
    owed: Vec<Heard>,
    /// Under its own lease each, for another may be over the same delivery.
    begun: Begun,
}

/// Each group, and what of it may be sent.
pub(super) type Begun = Vec<(Group, Vec<Submitted>)>;

impl Round {
    /// How many answers it holds.
    pub(super) const fn answers(&self) -> usize {
        self.heard.len()
    }

    /// Of how many answers before it holds what follows.
    pub(super) const fn consequences(&self) -> usize {
        self.owed.len()
    }
}

impl Desk {
    /// The number of the next round. It begins at the time at which the desk did, so that no number stands for two rounds of one
    /// instance.
    pub(super) fn number(&mut self) -> i64 {
        self.last_round += 1;
        self.last_round
    }

    /// Commits a round, and acts on it. If the answer to COMMIT is lost, the round stays unclear, and nothing of it is written
    /// anew or given to a worker before the database has said what became of it.
    pub(super) async fn commit(&mut self, txn: DatabaseTransaction, no: i64, begun: Begun) -> Result<(), Error> {
        let round = self.close(no, begun);
        match txn.commit().await {
            Ok(()) => {
                self.settle(round);
                Ok(())
            }
            Err(error) => {
                self.unclear = Some(round);
                Err(error.into())
            }
        }
    }

    /// Writes and commits at once a round that is expected to find what it presumes, and acts on it. If it does not, or the database
    /// refuses it, nothing of it is done, and the groups come back.
    pub(super) async fn commit_at_once(
        &mut self,
        writes: Writes,
        no: i64,
        begun: Begun,
    ) -> Result<Option<Vec<Group>>, Error> {
        let round = self.close(no, begun);
        match writes.commit(&self.parts.db).await {
            Ok(()) => {
                self.settle(round);
                Ok(None)
            }
            Err(error) if database::is_undone(&error) => Ok(Some(self.take_back(round))),
            Err(error) => {
                self.unclear = Some(round);
                Err(error.into())
            }
        }
    }

    /// Takes all that the round's transaction writes into the round.
    fn close(&mut self, no: i64, begun: Begun) -> Round {
        let (heard, owed) = (std::mem::take(&mut self.heard), std::mem::take(&mut self.owed));
        Round { no, heard, owed, begun }
    }

    /// Asks what became of a round that is unclear.
    pub(super) async fn resolve(&mut self) -> Result<(), Error> {
        let Some(no) = self.unclear.as_ref().map(|round| round.no) else { return Ok(()) };
        let committed = round::is_sealed(&self.parts.db, self.parts.instance, no, self.now()).await?;
        match self.unclear.take() {
            Some(round) if committed => self.settle(round),
            Some(round) => drop(self.take_back(round)),
            None => {}
        }
        Ok(())
    }

    /// Acts on a round that is committed.
    fn settle(&mut self, round: Round) {
        self.close_the_answered(round.heard);
        for (group, submitted) in &round.begun {
            self.let_go(group, submitted);
        }
    }

    /// Nothing of the round is written: its answers are in hand as before, and what was prepared still is.
    fn take_back(&mut self, round: Round) -> Vec<Group> {
        self.heard.splice(..0, round.heard);
        self.owed.splice(..0, round.owed);
        round.begun.into_iter().map(|(group, _)| group).collect()
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
            let Some(work) = self.prepared(*seat).cloned() else { continue };
            match (submitted.get(&work.key), self.holdings.iter().find(|holding| holding.id == group.holding)) {
                (Some(submitted), Some(holding)) if self.draining || self.paused.contains(&holding.lane) => {
                    self.withhold(*seat, &work, *submitted);
                }
                (Some(submitted), Some(holding)) => {
                    let look = Look::new(work.looked_at, self.parts.clock.uptime());
                    self.seats[*seat].hand.tell(Order::Send(*submitted, holding.guard(&self.parts.clock, &look)));
                    self.seats[*seat].task = Task::Sending(work, *submitted, look);
                }
                _ => self.discard(*seat),
            }
        }
    }

    /// Takes back what was written down as being submitted, but has been with nobody: by the time that was clear, nothing was to
    /// be begun any more, of all or for its provider.
    fn withhold(&mut self, seat: usize, work: &Work, submitted: Submitted) {
        self.seats[seat].hand.tell(Order::Discard);
        self.seats[seat].task = Task::None;
        let now = self.now();
        self.hear(work, submitted, &Ended::Withheld { phase: Phase::MailFrom }, now, now);
    }
}
