use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{MailboxProvider, MailingNo};
use limits::Class;

use super::{Desk, Task};
use crate::Error;
use crate::hand::Hand;

/// What a limit holds back for longer than this is not kept in hand: there would soon be room for nothing else.
const PATIENCE: Duration = Duration::from_secs(2);

/// How soon it is looked again for a connection that is another instance's.
const SOON: Duration = Duration::from_millis(250);

/// A lane of a mailing that a limit holds back.
pub(super) struct Rest {
    pub(super) mailing: MailingNo,
    pub(super) lane: MailboxProvider,
    pub(super) until: Duration,
}

impl Desk {
    /// Leases what idle workers could take to the relay now. Where nothing is limited the database is not asked.
    pub(super) async fn refill(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let idle = self.seats.iter().filter(|seat| matches!(seat.task, Task::None)).count();
        let limited = |holding: &&crate::holding::Holding| {
            holding.class.is_limited() && !holding.pieces.is_empty() && !self.paused.contains(&holding.lane)
        };
        let order = self.in_turn();
        let wanted: Vec<(Class, u32)> = order
            .iter()
            .map(|at| &self.holdings[*at])
            .filter(limited)
            .map(|holding| (holding.class.clone(), u32::try_from(holding.pieces.len().min(idle)).unwrap_or(u32::MAX)))
            .collect();
        let connected = self.connected();
        let waits = self.holdings.iter().any(|holding| !holding.pieces.is_empty());
        self.parts.limits.connect(connected, if waits { self.all_seats() } else { connected });
        self.parts.limits.refill(&self.parts.db, &wanted, now).await?;
        self.hang_up_too_many();
        Ok(())
    }

    /// How long a limit holds this class back, as far as is known.
    pub(super) fn held_back(&self, class: &Class) -> Duration {
        self.parts.limits.look(class, 1).wait
    }

    /// Gives a holding back that a limit holds back for long.
    pub(super) fn let_rest(&mut self, at: usize, uptime: Duration) {
        let holding = &self.holdings[at];
        if holding.open > 0 || holding.pieces.is_empty() {
            return;
        }
        let wait = self.held_back(&holding.class);
        if wait > PATIENCE {
            let (mailing, lane) = (holding.stationery.mailing.no, holding.lane.clone());
            self.rests.push(Rest { mailing, lane, until: uptime + wait });
            self.holdings[at].pieces.clear();
        }
    }

    /// Whether this worker has a connection, or may have one.
    pub(super) fn may_connect(&mut self, seat: usize) -> bool {
        let Some(may) = self.parts.limits.connections() else { return true };
        if self.is_connected(seat) || self.connected() < may {
            return true;
        }
        self.limited = Some(self.limited.map_or(SOON, |wait| wait.min(SOON)));
        false
    }

    /// How many connections there are, those included that are being made and those that are being closed.
    fn connected(&mut self) -> u32 {
        self.leaving.retain(|connected| connected.load(Ordering::Acquire));
        let here = (0..self.seats.len()).filter(|seat| self.is_connected(*seat)).count();
        u32::try_from(here + self.leaving.len()).unwrap_or(u32::MAX)
    }

    fn is_connected(&self, seat: usize) -> bool {
        let seat = &self.seats[seat];
        !matches!(seat.task, Task::None) || seat.hand.connected().load(Ordering::Acquire)
    }

    /// Closes idle connections that are no longer ours to have.
    fn hang_up_too_many(&mut self) {
        let Some(may) = self.parts.limits.connections() else { return };
        let mut surplus = self.connected().saturating_sub(may);
        for number in 0..self.seats.len() {
            if surplus > 0 && self.is_connected(number) && matches!(self.seats[number].task, Task::None) {
                self.leaving.push(Arc::clone(self.seats[number].hand.connected()));
                // The old one says goodbye by itself, once nobody gives it orders.
                self.seats[number].hand = Hand::hire(number, self.bench.clone());
                surplus -= 1;
            }
        }
    }

    fn all_seats(&self) -> u32 {
        u32::try_from(self.seats.len()).unwrap_or(u32::MAX)
    }
}
