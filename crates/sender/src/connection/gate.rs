use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Asked before MAIL FROM and before the final dot: whether the message is still ours to send.
pub type Guard = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a connection and the stream below it both know about the final dot.
///
/// The connection says how long the message is; what is written after so many bytes may hold the dot, and the stream lets none of
/// it go before the guard has been asked. Encryption only makes a message longer, so on an encrypted connection this is asked,
/// and the message counted as handed over, a little before the dot, never behind it.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    guard: Option<Guard>,
    /// How many bytes were given to the stream since it began, and how many of them it has sent.
    accepted: u64,
    sent: u64,
    /// Where the message ends and its dot begins, or a little before.
    end: Option<u64>,
    refused: bool,
    bytewise: bool,
    /// What the stream is to send next, behind all that was given to it otherwise.
    letter: Option<Vec<u8>>,
}

impl Gate {
    /// Before a message: whose leave its dot needs, and how many bytes come before the dot.
    pub(super) fn arm(&self, guard: Guard, length: usize) {
        let mut state = self.lock();
        let end = state.accepted + length as u64;
        (state.guard, state.end, state.refused) = (Some(guard), Some(end), false);
    }

    /// Lays down what the stream sends before it next waits for an answer: past lettre, which would copy it twice.
    pub(super) fn post(&self, letter: Vec<u8>) {
        self.lock().letter = Some(letter);
    }

    /// What was laid down: it is the stream's now.
    pub(super) fn collect(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        let letter = state.letter.take()?;
        state.accepted += letter.len() as u64;
        Some(letter)
    }

    /// After a message that was answered.
    pub(super) fn disarm(&self) {
        let mut state = self.lock();
        (state.guard, state.end) = (None, None);
    }

    /// Whether any of the dot has left: from then on the relay may have the message.
    pub(super) fn is_passed(&self) -> bool {
        let state = self.lock();
        state.end.is_some_and(|end| state.sent > end)
    }

    /// Whether the guard has said no.
    pub(super) fn is_refused(&self) -> bool {
        self.lock().refused
    }

    /// Lets the stream be read one byte at a time, so that a reader above it holds nothing back.
    pub(super) fn read_bytewise(&self, bytewise: bool) {
        self.lock().bytewise = bytewise;
    }

    pub(super) fn is_bytewise(&self) -> bool {
        self.lock().bytewise
    }

    pub(super) fn accepted(&self, bytes: usize) {
        self.lock().accepted += bytes as u64;
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.lock().sent += bytes as u64;
    }

    /// Asked whenever bytes are about to leave: all that was accepted may, or the dot must stay.
    pub(super) fn may_send(&self) -> io::Result<()> {
        let (guard, holds_dot) = {
            let state = self.lock();
            (state.guard.clone(), state.end.is_some_and(|end| state.accepted > end))
        };
        match guard {
            Some(guard) if holds_dot && !guard() => {
                self.lock().refused = true;
                Err(io::Error::new(io::ErrorKind::PermissionDenied, "the message is no longer ours to send"))
            }
            _ => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
