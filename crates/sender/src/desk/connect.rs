//! How many connections this instance may have, of those that all share.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Desk, Task};
use crate::hand::Hand;

/// How soon it is looked again for a connection that is another instance's.
const SOON: Duration = Duration::from_millis(250);

impl Desk {
    /// Says how many connections there are and, where anything waits, that one for each worker is wanted.
    pub(super) fn ask_for_connections(&mut self) {
        let connected = self.connected();
        let waits = self.holdings.iter().any(|holding| !holding.pieces.is_empty());
        self.parts.limits.connect(connected, if waits { self.all_seats() } else { connected });
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

    /// Whether there are more connections than may be.
    pub(super) fn has_too_many_connections(&mut self) -> bool {
        self.parts.limits.connections().is_some_and(|may| self.connected() > may)
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
    pub(super) fn hang_up_too_many(&mut self) {
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
