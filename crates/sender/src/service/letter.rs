use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};

use crate::connection::Guard;

/// The message is no longer ours to send.
#[derive(Debug, thiserror::Error)]
#[error("the message is no longer ours to send")]
pub(super) struct Withdrawn;

/// How far a body has come: once, and never back.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Stand {
    /// Its last byte is still here.
    Open,
    /// Its last byte may have left.
    Passed,
    /// Its last byte does not leave any more: the guard has said no, or nobody waits for the answer.
    Held,
}

/// What is known of a body that is on its way.
#[derive(Debug)]
pub(super) struct Passage(AtomicU8);

/// The body of a request. Its last byte is let go only with leave, as a final dot is over SMTP: a service that has not had as many
/// bytes as Content-Length says has no message.
///
/// It is asked for when all before it has been sent but for what little hyper keeps.
pub(super) struct Letter {
    most: Bytes,
    last: Bytes,
    guard: Option<Guard>,
    passage: Arc<Passage>,
}

impl Default for Passage {
    fn default() -> Self {
        Self(AtomicU8::new(Stand::Open as u8))
    }
}

impl Passage {
    /// Whether the last byte may have left: from then on the service may have the message.
    pub(super) fn is_passed(&self) -> bool {
        self.is(Stand::Passed)
    }

    /// Whether the last byte has not left, and does not any more.
    pub(super) fn is_held(&self) -> bool {
        self.is(Stand::Held)
    }

    /// Keeps the last byte back, if it is still here. Whoever moves the bytes works beside us, and whoever asks first decides.
    pub(super) fn hold(&self) {
        self.leave(Stand::Held);
    }

    fn is(&self, stand: Stand) -> bool {
        self.0.load(Ordering::Acquire) == stand as u8
    }

    fn leave(&self, to: Stand) -> bool {
        self.0.compare_exchange(Stand::Open as u8, to as u8, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Letter {
    /// A body that needs leave, and what will be known of it.
    pub(super) fn new(mut body: Bytes, guard: Option<Guard>) -> (Self, Arc<Passage>) {
        let passage = Arc::new(Passage::default());
        let last = body.split_off(body.len().saturating_sub(1));
        (Self { most: body, last, guard, passage: Arc::clone(&passage) }, passage)
    }
}

impl Body for Letter {
    type Data = Bytes;
    type Error = Withdrawn;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Withdrawn>>> {
        if !self.most.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.most)))));
        }
        if self.last.is_empty() {
            return Poll::Ready(None);
        }
        if self.guard.as_ref().is_some_and(|guard| !guard()) {
            self.passage.hold();
        }
        if !self.passage.leave(Stand::Passed) {
            return Poll::Ready(Some(Err(Withdrawn)));
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.last)))))
    }

    fn is_end_stream(&self) -> bool {
        self.most.is_empty() && self.last.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.most.len() + self.last.len()) as u64)
    }
}
