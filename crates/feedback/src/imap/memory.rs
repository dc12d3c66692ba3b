use std::collections::BTreeMap;

use super::session::Inbox;

/// How often a mail is tried before it is put aside.
const TRIES: u8 = 3;

/// So many mails may lie in INBOX that were dealt with and could not be moved.
const STUCK: usize = 1_000;

/// What is known of mails that are still in INBOX, from one connection to the next. What the database keeps does not need it: a mail that
/// is read twice is known there. It spares reading it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    validity: u32,
    mails: BTreeMap<u32, State>,
}

/// How far a mail is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// Dealing with it has failed so often.
    Failed(u8),
    /// It is committed, and has to go there.
    Done(Shelf),
}

/// Where a mail goes that was dealt with.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Shelf {
    /// It was read.
    Processed,
    /// It was not, or not whole.
    Unreadable,
}

/// What is to be done with a mail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Fetch it and deal with it.
    Read,
    /// Move it without reading it once more.
    PutAway(Shelf),
    /// Give it up: it was tried often enough.
    GiveUp,
}

impl Memory {
    /// Forgets everything if the UIDs mean other mails now.
    pub(super) fn look_at(&mut self, inbox: Inbox) {
        if self.validity != inbox.validity {
            *self = Self { validity: inbox.validity, mails: BTreeMap::new() };
        }
    }

    /// What is to be done with this mail.
    pub(super) fn step(&self, uid: u32) -> Step {
        match self.mails.get(&uid) {
            Some(State::Done(shelf)) => Step::PutAway(*shelf),
            Some(State::Failed(TRIES..)) => Step::GiveUp,
            Some(State::Failed(_)) | None => Step::Read,
        }
    }

    /// It cannot be dealt with for now.
    pub(super) fn failed(&mut self, uid: u32) {
        let tries = match self.mails.get(&uid) {
            Some(State::Failed(tries)) => tries.saturating_add(1),
            _ => 1,
        };
        self.mails.insert(uid, State::Failed(tries));
    }

    /// It is committed.
    pub(super) fn done(&mut self, uid: u32, shelf: Shelf) {
        self.mails.insert(uid, State::Done(shelf));
    }

    /// It has left INBOX.
    pub(super) fn gone(&mut self, uid: u32) {
        self.mails.remove(&uid);
    }

    /// Those that are not in INBOX any more are forgotten. `uids` are its oldest mails, and more than are known.
    pub(super) fn keep_only(&mut self, uids: &[u32]) {
        self.mails.retain(|uid, _| uids.binary_search(uid).is_ok());
    }

    /// How many mails are known that are still there.
    pub(super) fn len(&self) -> usize {
        self.mails.len()
    }

    /// Whether so many could not be moved that no more are read.
    pub(super) fn is_full(&self) -> bool {
        self.mails.len() >= STUCK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbox(validity: u32) -> Inbox {
        Inbox { validity, count: 9 }
    }

    #[test]
    fn a_mail_is_tried_three_times_and_then_given_up() {
        let mut memory = Memory::default();
        for _ in 0..3 {
            assert_eq!(memory.step(7), Step::Read);
            memory.failed(7);
        }
        assert_eq!(memory.step(7), Step::GiveUp);
        memory.done(7, Shelf::Unreadable);
        assert_eq!(memory.step(7), Step::PutAway(Shelf::Unreadable));
        memory.gone(7);
        assert_eq!((memory.step(7), memory.len()), (Step::Read, 0));
    }

    #[test]
    fn uids_of_another_time_are_other_mails() {
        let mut memory = Memory::default();
        memory.look_at(inbox(1));
        memory.done(7, Shelf::Processed);
        memory.look_at(inbox(1));
        assert_eq!(memory.step(7), Step::PutAway(Shelf::Processed));
        memory.look_at(inbox(2));
        assert_eq!(memory.step(7), Step::Read);
    }

    #[test]
    fn what_others_have_moved_is_forgotten() {
        let mut memory = Memory::default();
        memory.failed(3);
        memory.failed(5);
        memory.keep_only(&[4, 5, 6]);
        assert_eq!(memory.len(), 1);
    }
}
