use std::sync::{Mutex, PoisonError};

use super::Hit;

/// Hits that wait to be written down. It never makes anybody wait: beyond its room hits are counted and dropped.
#[derive(Debug)]
pub struct Recorder {
    waiting: Mutex<Vec<Hit>>,
    room: usize,
}

/// Some seconds of more than any instance takes.
const ROOM: usize = 100_000;

impl Default for Recorder {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Recorder {
    /// One that holds so many at most.
    pub const fn with_room(room: usize) -> Self {
        Self { waiting: Mutex::new(Vec::new()), room }
    }

    /// Takes a hit. Says whether there was room for it.
    pub fn take(&self, hit: Hit) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = waiting.len() < self.room;
        if has_room {
            waiting.push(hit);
        }
        drop(waiting);
        if !has_room {
            metrics::counter!("eshot_hits_dropped_total").increment(1);
        }
        has_room
    }

    /// Everything that waits; from here on it is the caller's.
    pub fn drain(&self) -> Vec<Hit> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes back what could not be written, in front of what has come since and as far as there is room.
    pub fn put_back(&self, mut hits: Vec<Hit>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        hits.append(&mut waiting);
        let lost = hits.len().saturating_sub(self.room);
        hits.truncate(self.room);
        *waiting = hits;
        drop(waiting);
        if lost > 0 {
            metrics::counter!("eshot_hits_dropped_total").increment(u64::try_from(lost).unwrap_or(u64::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{BrandId, MailingNo};

    use super::*;
    use crate::tracking::{Deed, Whose};

    fn hit(brand: BrandId, link: u16) -> Hit {
        let whose = Whose::Mailing(MailingNo(1));
        let (at, deed) = (DateTime::UNIX_EPOCH, Deed::Clicked(link));
        Hit { at, deed, whose, brand, links: 9, network: None, suspect: None }
    }

    #[test]
    fn what_there_is_no_room_for_is_dropped_and_nobody_waits() {
        let recorder = Recorder::with_room(2);
        let brand = BrandId::new(DateTime::UNIX_EPOCH);
        let hit = |link| hit(brand, link);
        assert_eq!([0, 1, 2].map(|link| recorder.take(hit(link))), [true, true, false]);
        assert_eq!(recorder.drain(), [hit(0), hit(1)]);
        assert!(recorder.take(hit(3)) && recorder.drain() == [hit(3)]);
    }

    #[test]
    fn what_was_not_written_stands_in_front_again() {
        let recorder = Recorder::with_room(2);
        let brand = BrandId::new(DateTime::UNIX_EPOCH);
        let hit = |link| hit(brand, link);
        recorder.take(hit(0));
        let taken = recorder.drain();
        recorder.take(hit(1));
        recorder.take(hit(2));
        recorder.put_back(taken);
        assert_eq!(recorder.drain(), [hit(0), hit(1)]);
    }
}
