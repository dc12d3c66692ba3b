//! How many connections to each relay this instance may have, of those that all share.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Desk, Task, Way};
use crate::hand::Hand;

/// How soon it is looked again for a connection that is another instance's.
const SOON: Duration = Duration::from_millis(250);

impl Desk {
    /// Says how many connections there are and, where anything waits, that one for each worker is wanted; and one at least to a
    /// relay that is to be tried again.
    pub(super) fn ask_for_connections(&mut self) {
        for way in 0..self.ways.len() {
            let connected = self.connected(way);
            let waiting = self.holdings.iter().filter(|holding| !holding.pieces.is_empty());
            let waits = waiting.flat_map(|holding| self.going(&holding.exits)).any(|exit| exit.way == way);
            let is_tried = self.ways[way].is_down() && self.is_missed(way)
                || self.holdings.iter().flat_map(|holding| self.on_trial(&holding.exits)).any(|exit| exit.way == way);
            let outlet = &self.ways[way].outlet;
            let wanted = match (waits, is_tried) {
                (true, _) => outlet.connections.max(1),
                (false, true) => connected.max(1),
                (false, false) => connected,
            };
            self.parts.limits.connect(&outlet.name, connected, wanted);
        }
    }

    /// Whether this worker has a connection, or may have one.
    pub(super) fn may_connect(&mut self, seat: usize) -> bool {
        let way = self.seats[seat].way;
        let Some(may) = self.may_have_connections(way) else { return true };
        if self.is_connected(seat) || self.connected(way) < may {
            return true;
        }
        self.limited = Some(self.limited.map_or(SOON, |wait| wait.min(SOON)));
        false
    }

    /// Whether there are more connections to a relay than may be.
    pub(super) fn has_too_many_connections(&mut self, way: usize) -> bool {
        self.may_have_connections(way).is_some_and(|may| self.connected(way) > may)
    }

    /// How many connections to a relay there may be, if that is limited.
    fn may_have_connections(&self, way: usize) -> Option<u32> {
        self.parts.limits.connections(&self.ways[way].outlet.name)
    }

    /// How many connections to a relay there are, those included that are being made and those that are being closed.
    fn connected(&mut self, way: usize) -> u32 {
        self.ways[way].leaving.retain(|connected| connected.load(Ordering::Acquire));
        let here =
            (0..self.seats.len()).filter(|seat| self.seats[*seat].way == way && self.is_connected(*seat)).count();
        u32::try_from(here + self.ways[way].leaving.len()).unwrap_or(u32::MAX)
    }

    fn is_connected(&self, seat: usize) -> bool {
        let seat = &self.seats[seat];
        !matches!(seat.task, Task::None) || seat.hand.connected().load(Ordering::Acquire)
    }

    /// Closes idle connections that are no longer ours to have.
    pub(super) fn hang_up_too_many(&mut self) {
        for way in 0..self.ways.len() {
            let Some(may) = self.may_have_connections(way) else { continue };
            let mut surplus = self.connected(way).saturating_sub(may);
            for number in 0..self.seats.len() {
                let idle = self.seats[number].way == way && matches!(self.seats[number].task, Task::None);
                if surplus > 0 && idle && self.is_connected(number) {
                    let Way { leaving, bench, .. } = &mut self.ways[way];
                    leaving.push(Arc::clone(self.seats[number].hand.connected()));
                    // The old one says goodbye by itself, once nobody gives it orders.
                    self.seats[number].hand = Hand::hire(number, bench.clone());
                    surplus -= 1;
                }
            }
        }
    }
}
