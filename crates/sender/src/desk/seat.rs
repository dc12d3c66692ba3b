use std::time::Duration;

use chrono::TimeDelta;
use domain::{BrandId, DeliveryKey, SubscriberId};
use limits::Class;
use outbox::Submitted;

use crate::hand::{Hand, Order};
use crate::holding::Look;

/// Who needs no longer for a message than this gets the next one beforehand. With a slower relay that would save nothing, and what
/// somebody waits for could not overtake it. Two round trips to the other side of the world are within it.
const BRISK: TimeDelta = TimeDelta::milliseconds(500);

/// A worker and what it has before it.
pub(super) struct Seat {
    /// At which relay, by its place among the desk's.
    pub(super) way: usize,
    pub(super) hand: Hand,
    pub(super) task: Task,
    /// What it prepares as soon as it has sent the message that it is sending.
    next: Option<Work>,
    /// Its last message took no time worth speaking of.
    brisk: bool,
}

pub(super) enum Task {
    None,
    /// Seeing whether the relay is there again.
    Trying,
    Preparing(Work),
    Prepared(Work),
    Sending(Work, Submitted, Look),
}

/// A delivery that a worker has before it.
#[derive(Clone)]
pub(super) struct Work {
    /// By which relay it goes.
    pub(super) way: usize,
    pub(super) holding: u64,
    pub(super) brand: BrandId,
    pub(super) key: DeliveryKey,
    pub(super) subscriber: Option<SubscriberId>,
    /// By which limits its permits were taken. Its holding may be bound by others since then.
    pub(super) class: Class,
    /// When it was last asked whether this person may be mailed, by uptime. Its holding may have asked again for the others.
    pub(super) looked_at: Duration,
}

impl Seat {
    pub(super) const fn new(way: usize, hand: Hand) -> Self {
        Self { way, hand, task: Task::None, next: None, brisk: false }
    }

    /// Whether it can be given a message: to prepare now or, `ahead`, after the one that it is sending.
    pub(super) const fn has_room(&self, ahead: bool) -> bool {
        match self.task {
            Task::None => !ahead,
            Task::Sending(..) => ahead && self.brisk && self.next.is_none(),
            Task::Trying | Task::Preparing(_) | Task::Prepared(_) => false,
        }
    }

    /// Gives it a message to prepare, for which there is room.
    pub(super) fn give(&mut self, work: Work, order: Order) {
        self.hand.tell(order);
        match self.task {
            Task::Sending(..) => self.next = Some(work),
            _ => self.task = Task::Preparing(work),
        }
    }

    /// Its message has ended: it goes on with what it was given beforehand.
    pub(super) fn end(&mut self, took: TimeDelta) {
        // A wall clock that was set back says nothing.
        self.brisk = (TimeDelta::zero()..=BRISK).contains(&took);
        self.task = self.next.take().map_or(Task::None, Task::Preparing);
    }

    /// Whether it has anything of this brand before it.
    pub(super) fn works_for(&self, brand: BrandId) -> bool {
        let now = match &self.task {
            Task::Preparing(work) | Task::Prepared(work) | Task::Sending(work, ..) => Some(work),
            Task::None | Task::Trying => None,
        };
        now.into_iter().chain(&self.next).any(|work| work.brand == brand)
    }

    /// Takes away all that it has before it; says of each whether it may have been with the relay.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = (Work, bool)> + use<> {
        let now = match std::mem::replace(&mut self.task, Task::None) {
            Task::Preparing(work) | Task::Prepared(work) => Some((work, false)),
            Task::Sending(work, ..) => Some((work, true)),
            Task::None | Task::Trying => None,
        };
        now.into_iter().chain(self.next.take().map(|work| (work, false)))
    }

    /// It was asked again at this uptime about the person of what is prepared, who may be mailed.
    pub(super) fn looked(&mut self, uptime: Duration) {
        if let Task::Prepared(work) = &mut self.task {
            work.looked_at = uptime;
        }
    }

    /// It was asked again at this uptime whether the person of what is under way may be mailed.
    pub(super) fn looked_under_way(&mut self, uptime: Duration, may: bool) {
        if let Task::Sending(_, _, look) = &mut self.task {
            look.since = uptime;
            if may {
                look.renew(uptime);
            } else {
                look.end();
            }
        }
    }
}
