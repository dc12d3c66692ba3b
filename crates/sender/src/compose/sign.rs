use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::{ComposeError, Stationery};
use crate::connection::Message;
use crate::dkim::DkimError;
use crate::stage::Stage;

/// Threads that do nothing but sign, for keys that take longer than all else that is done for a message: there they keep nobody
/// from writing or listening. They end with the last handle.
#[derive(Clone)]
pub(crate) struct Signers {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    raw: Vec<u8>,
    stationery: Arc<Stationery>,
    now: DateTime<Utc>,
    done: oneshot::Sender<Result<Vec<u8>, DkimError>>,
}

impl Signers {
    /// So many threads, or as many of them as there are to be had.
    pub(crate) fn new(threads: usize) -> Self {
        let (jobs, inbox) = mpsc::channel();
        let inbox = Arc::new(Mutex::new(inbox));
        let begin = |_| {
            let inbox = Arc::clone(&inbox);
            thread::Builder::new().name("signer".to_owned()).spawn(move || work(&inbox))
        };
        let begun: io::Result<Vec<_>> = (0..threads).map(begin).collect();
        if let Err(error) = begun {
            tracing::warn!(error = &error as &dyn std::error::Error, "not all threads that sign are there: {error}");
        }
        Self { jobs }
    }

    /// The message, signed.
    pub(crate) async fn sign(
        &self,
        mut message: Message,
        stationery: &Arc<Stationery>,
        now: DateTime<Utc>,
    ) -> Result<Message, ComposeError> {
        let raw = std::mem::take(&mut message.raw);
        message.raw = if stationery.signer.is_slow() {
            self.elsewhere(raw, stationery, now).await?
        } else {
            Stage::Sign.of(|| stationery.signer.sign(raw, now))?
        };
        Ok(message)
    }

    async fn elsewhere(
        &self,
        raw: Vec<u8>,
        stationery: &Arc<Stationery>,
        now: DateTime<Utc>,
    ) -> Result<Vec<u8>, DkimError> {
        let (done, signed) = oneshot::channel();
        match self.jobs.send(Job { raw, stationery: Arc::clone(stationery), now, done }) {
            // What it is part of falls over with it.
            Ok(()) => signed.await.unwrap_or_else(|_| panic!("a signer has fallen over")),
            // There is no thread at all.
            Err(mpsc::SendError(job)) => job.stationery.signer.sign(job.raw, now),
        }
    }
}

fn work(inbox: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { raw, stationery, now, done }) = next else { return };
        let sign = || Stage::Sign.of(|| stationery.signer.sign(raw, now));
        // Who waits for it hears of a panic by `done` being dropped. The next message has nothing to do with that.
        if let Ok(signed) = panic::catch_unwind(AssertUnwindSafe(sign)) {
            // Nobody may wait for it any longer.
            let _ = done.send(signed);
        }
    }
}
