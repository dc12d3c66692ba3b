use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many octets are taken at a time.
const UNIT: usize = 64 << 10;

/// The memory that mails may take which are under way, of all sessions together.
#[derive(Debug)]
pub(super) struct Budget(Arc<Semaphore>);

/// What one session has of it; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    all: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// So many octets, and one mail of `size` in any case.
    pub(super) fn new(octets: usize, size: usize) -> Self {
        let units = octets.max(size.saturating_add(UNIT)).div_ceil(UNIT);
        Self(Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))))
    }

    /// A share that has nothing yet.
    pub(super) fn share(&self) -> Share {
        Share { all: Arc::clone(&self.0), taken: None }
    }
}

impl Share {
    /// Whether there is room for so many octets. Nobody waits for it: of two who did, each could hold what the other waits for.
    pub(super) fn has_room_for(&mut self, octets: usize) -> bool {
        let taken = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = octets.div_ceil(UNIT).saturating_sub(taken);
        if missing == 0 {
            return true;
        }
        let Ok(more) = u32::try_from(missing).map(|missing| Arc::clone(&self.all).try_acquire_many_owned(missing))
        else {
            return false;
        };
        match (more, &mut self.taken) {
            (Ok(more), Some(taken)) => taken.merge(more),
            (Ok(more), taken) => *taken = Some(more),
            (Err(_), _) => return false,
        }
        true
    }

    /// Gives it all back.
    pub(super) fn release(&mut self) {
        self.taken = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_session_has_no_other_can_have_until_it_is_given_back() {
        let budget = Budget::new(4 * UNIT, 1);
        let (mut first, mut second) = (budget.share(), budget.share());
        assert!(first.has_room_for(1) && first.has_room_for(UNIT) && first.has_room_for(3 * UNIT));
        assert!(second.has_room_for(UNIT));
        assert!(!second.has_room_for(UNIT + 1) && !first.has_room_for(3 * UNIT + 1));
        first.release();
        assert!(second.has_room_for(4 * UNIT));
        drop(second);
        assert!(first.has_room_for(4 * UNIT));
    }

    #[test]
    fn one_mail_has_room_however_small_the_budget() {
        assert!(Budget::new(0, 3 * UNIT).share().has_room_for(3 * UNIT));
    }
}
