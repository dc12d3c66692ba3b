//! One look at INBOX, until nothing is left in it that can be dealt with.

use std::collections::BTreeSet;

use database::{is_deadlock, is_unavailable};
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::memory::{Memory, Shelf, Step};
use super::run::Reader;
use super::session::{Fetched, Session};
use super::{Folder, Settings};
use crate::envelope::Envelope;
use crate::process::{self, Incoming, Processed, process};

/// How many mails are listed at once.
const AT_ONCE: u32 = 100;

/// A look at INBOX.
pub(super) struct Round<'a> {
    pub(super) reader: &'a Reader,
    pub(super) session: &'a mut Session,
    pub(super) memory: &'a mut Memory,
    /// Those that were moved. Where one is still there, nothing would ever end.
    pub(super) moved: BTreeSet<u32>,
    /// Those that the server would not move. They are tried again in the next round.
    pub(super) stuck: BTreeSet<u32>,
    /// What it says to that.
    pub(super) refusal: Option<Error>,
}

/// What became of a mail.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is dealt with and moved.
    Moved,
    /// It is dealt with and still there.
    Stuck,
    /// It is to be tried again.
    Failed,
}

impl Round<'_> {
    /// Deals with every mail. Where `shutdown` comes between two, the rest is for later.
    pub(super) async fn run(mut self, shutdown: &CancellationToken) -> Result<(), Error> {
        loop {
            let inbox = self.session.select().await?;
            self.memory.look_at(inbox);
            let known = u32::try_from(self.memory.len()).unwrap_or(u32::MAX);
            let uids = match inbox.count.min(known.saturating_add(AT_ONCE)) {
                0 => Vec::new(),
                last => self.session.uids(1..=last).await?,
            };
            self.memory.keep_only(&uids);
            let mut is_done = true;
            for uid in uids.into_iter().filter(|uid| !self.stuck.contains(uid)).collect::<Vec<_>>() {
                if shutdown.is_cancelled() {
                    return Ok(());
                }
                is_done &= self.deal_with(inbox.validity, uid).await? == Outcome::Stuck;
            }
            if is_done || self.memory.is_full() {
                return self.refusal.map_or(Ok(()), Err);
            }
        }
    }

    async fn deal_with(&mut self, validity: u32, uid: u32) -> Result<Outcome, Error> {
        if self.moved.contains(&uid) {
            return Err(Error::Refused { what: "MOVE", words: "(a mail that was moved is still there)".to_owned() });
        }
        let shelf = match self.memory.step(uid) {
            Step::PutAway(shelf) => Some(shelf),
            Step::GiveUp => Some(self.give_up(validity, uid).await?),
            Step::Read => self.read(uid).await?,
        };
        let Some(shelf) = shelf else {
            self.memory.failed(uid);
            return Ok(Outcome::Failed);
        };
        // Committed: from here on INBOX need not keep it.
        self.memory.done(uid, shelf);
        match self.session.put_away(uid, folder(self.reader.settings(), shelf)).await {
            Ok(()) => {
                self.memory.gone(uid);
                self.moved.insert(uid);
                Ok(Outcome::Moved)
            }
            Err(error @ Error::Refused { .. }) => {
                self.refusal = Some(error);
                self.stuck.insert(uid);
                Ok(Outcome::Stuck)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a mail and deals with it; nothing where that is to be tried again.
    async fn read(&mut self, uid: u32) -> Result<Option<Shelf>, Error> {
        let size = self.reader.settings().size;
        let fetched = self.session.fetch(uid, size).await.inspect_err(|_| {
            // A server that falls over a mail must not do so for ever.
            self.memory.failed(uid);
        })?;
        let (raw, shelf) = match fetched {
            Fetched::Whole(raw) => (raw, Shelf::Processed),
            Fetched::Beginning(raw) => (raw, Shelf::Unreadable),
            Fetched::Nothing => return Ok(None),
        };
        let Some(done) = self.process(uid, &raw).await? else { return Ok(None) };
        if shelf == Shelf::Unreadable {
            let id = kept(&done);
            self.tell_unreadable(uid, &format!("it has more than {size} bytes, of which the first were read"), id);
        }
        Ok(Some(shelf))
    }

    /// Keeps, in the place of a mail that cannot be read, a note that says where it is.
    async fn give_up(&mut self, validity: u32, uid: u32) -> Result<Shelf, Error> {
        let settings = self.reader.settings();
        let note = format!(
            "Subject: A mail in the mailbox {} that eshot could not read\r\n\r\n\
             It was tried several times. It is in the folder {} now; in INBOX it had UID {uid} under UIDVALIDITY {validity}.\r\n",
            settings.name, settings.unreadable
        );
        let done = self.process(uid, note.as_bytes()).await?;
        self.tell_unreadable(uid, "it was tried several times in vain", done.as_ref().and_then(kept));
        Ok(Shelf::Unreadable)
    }

    /// Deals with a mail by the door that all returned mail goes through; nothing where that failed because of the mail.
    async fn process(&self, uid: u32, raw: &[u8]) -> Result<Option<Processed>, Error> {
        let Reader { mailbox, db, links, clock, .. } = self.reader;
        let envelope = Envelope::of(links, raw, &mailbox.address);
        let to = std::slice::from_ref(&envelope.to);
        match process(db, links, Incoming { source: "imap", from: &envelope.from, to, raw }, clock.now()).await {
            Ok(mut done) => Ok(done.pop()),
            Err(error) if is_for_now(&error) => Err(error.into()),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(mailbox = mailbox.name(), uid, error, "a returned mail in a mailbox could not be kept");
                Ok(None)
            }
        }
    }

    fn tell_unreadable(&self, uid: u32, why: &str, id: Option<domain::ReturnedMailId>) {
        let settings = self.reader.settings();
        metrics::counter!("eshot_mailbox_unreadable_total", "mailbox" => settings.name.clone()).increment(1);
        tracing::warn!(
            mailbox = settings.name,
            uid,
            returned_mail.id = id.map(|id| id.to_string()),
            "a mail in the mailbox {} is put aside in the folder {}: {why}",
            settings.name,
            settings.unreadable
        );
    }
}

fn folder(settings: &Settings, shelf: Shelf) -> &Folder {
    match shelf {
        Shelf::Processed => &settings.processed,
        Shelf::Unreadable => &settings.unreadable,
    }
}

/// The same may succeed in a while, whatever the mail is.
fn is_for_now(error: &process::Error) -> bool {
    is_unavailable(error) || is_deadlock(error)
}

fn kept(done: &Processed) -> Option<domain::ReturnedMailId> {
    match done {
        Processed::Kept { id, .. } => Some(*id),
        Processed::SeenBefore => None,
    }
}
