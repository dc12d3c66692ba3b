use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use domain::EmailAddress;
use tokio::sync::watch;

/// Older mail makes room: the demo is no mail server.
const ROOM: usize = 5_000;

/// Every mail that the demo's relay has taken, for as long as the demo runs.
#[derive(Clone, Debug)]
pub struct Mailbox {
    kept: Arc<Mutex<Kept>>,
    arrivals: Arc<watch::Sender<u64>>,
}

#[derive(Debug, Default)]
struct Kept {
    mails: VecDeque<Arc<Received>>,
    count: u64,
}

/// One mail, as it came over the wire.
#[derive(Debug)]
pub struct Received {
    /// Its number, counted from 1.
    pub no: u64,
    /// When the final dot came.
    pub at: DateTime<Utc>,
    /// MAIL FROM; none is `<>`.
    pub from: Option<EmailAddress>,
    /// RCPT TO.
    pub to: EmailAddress,
    /// Headers and body.
    pub raw: Vec<u8>,
}

impl Mailbox {
    /// An empty one.
    pub fn new() -> Self {
        Self { kept: Arc::default(), arrivals: Arc::new(watch::channel(0).0) }
    }

    /// Keeps a mail.
    pub fn deliver(&self, from: Option<EmailAddress>, to: EmailAddress, raw: Vec<u8>, now: DateTime<Utc>) {
        let mut kept = self.lock();
        kept.count += 1;
        let no = kept.count;
        kept.mails.push_back(Arc::new(Received { no, at: now, from, to, raw }));
        if kept.mails.len() > ROOM {
            kept.mails.pop_front();
        }
        drop(kept);
        self.arrivals.send_replace(no);
    }

    /// All of them, newest first; for one address only, where one is named.
    pub fn list(&self, to: Option<&EmailAddress>) -> Vec<Arc<Received>> {
        let wanted = |mail: &&Arc<Received>| to.is_none_or(|to| mail.to == *to);
        self.lock().mails.iter().rev().filter(wanted).cloned().collect()
    }

    /// The mail of this number.
    pub fn find(&self, no: u64) -> Option<Arc<Received>> {
        self.lock().mails.iter().find(|mail| mail.no == no).cloned()
    }

    /// How many have come since the beginning; waits on this see every change.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.arrivals.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::new()
    }
}
