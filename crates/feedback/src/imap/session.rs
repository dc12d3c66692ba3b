//! What is said to a server that has let us in.

use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Duration;

use async_imap::types::{Fetch, UnsolicitedResponse};
use futures_util::{Stream, TryStreamExt};

use super::Folder;
use super::error::Error;
use super::opening::{Wire, within};

/// How much a server may say to a command that asks for no mail.
pub(super) const TALK: usize = 256 * 1_024;

/// How long a farewell may take: nothing depends on it.
const FAREWELL: Duration = Duration::from_secs(2);

/// A session that is logged in.
pub(super) struct Session {
    inner: async_imap::Session<Wire>,
    patience: Duration,
    idles: bool,
    moves: bool,
}

/// INBOX as it is now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Inbox {
    /// The UIDs hold as long as this is the same (RFC 9051 §2.3.1.1).
    pub(super) validity: u32,
    /// How many mails lie in it.
    pub(super) count: u32,
}

/// What came of asking for a mail.
pub(super) enum Fetched {
    /// The mail.
    Whole(Vec<u8>),
    /// Its beginning, for it is larger than allowed.
    Beginning(Vec<u8>),
    /// The server gives nothing: it cannot read the mail, or the mail has gone.
    Nothing,
}

impl Session {
    /// Asks what the server can do.
    pub(super) async fn begin(mut inner: async_imap::Session<Wire>, patience: Duration) -> Result<Self, Error> {
        inner.as_mut().allow(TALK);
        let can = within(patience, inner.capabilities()).await?.map_err(|error| Error::of(error, "CAPABILITY"))?;
        let moves = can.has_str("MOVE");
        if !moves && !can.has_str("UIDPLUS") {
            return Err(Error::CannotMove);
        }
        Ok(Self { inner, patience, idles: can.has_str("IDLE"), moves })
    }

    /// Whether the server tells by itself that a mail has come.
    pub(super) const fn can_idle(&self) -> bool {
        self.idles
    }

    /// Opens INBOX anew: UIDs and counts are those of now.
    pub(super) async fn select(&mut self) -> Result<Inbox, Error> {
        self.allow(TALK);
        let selected = within(self.patience, self.inner.select("INBOX")).await?;
        let inbox = selected.map_err(|error| Error::of(error, "INBOX"))?;
        Ok(Inbox { validity: inbox.uid_validity.ok_or(Error::NoUids)?, count: inbox.exists })
    }

    /// How many mails lie in INBOX; opens it for reading only.
    pub(super) async fn examine(&mut self) -> Result<u32, Error> {
        self.allow(TALK);
        let examined = within(self.patience, self.inner.examine("INBOX")).await?;
        Ok(examined.map_err(|error| Error::of(error, "INBOX"))?.exists)
    }

    /// Sees that a folder is there, and makes it if it is not.
    pub(super) async fn provide(&mut self, folder: &Folder) -> Result<(), Error> {
        let name = folder.quoted();
        if self.command(&format!("STATUS {name} (MESSAGES)"), "STATUS").await.is_ok() {
            return Ok(());
        }
        match self.command(&format!("CREATE {name}"), "CREATE").await {
            Ok(()) => {}
            Err(Error::Refused { words, .. }) => return Err(Error::NoFolder { folder: folder.clone(), words }),
            Err(error) => return Err(error),
        }
        // So that people see it in their programs; whether they do is their affair.
        match self.command(&format!("SUBSCRIBE {name}"), "SUBSCRIBE").await {
            Ok(()) | Err(Error::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The UIDs of the mails that stand at these places in INBOX, oldest first.
    pub(super) async fn uids(&mut self, places: RangeInclusive<u32>) -> Result<Vec<u32>, Error> {
        self.allow(TALK);
        let range = format!("{}:{}", places.start(), places.end());
        let most = places.count();
        let asked = within(self.patience, async {
            let fetched = self.inner.fetch(range, "(UID)").await.map_err(|error| Error::of(error, "UIDs"))?;
            let mut uids: Vec<u32> = collect(fetched, |mail| mail.uid, most).await?;
            uids.sort_unstable();
            uids.dedup();
            Ok(uids)
        });
        asked.await?
    }

    /// A mail, or as much of it as allowed. That it was seen is not marked.
    pub(super) async fn fetch(&mut self, uid: u32, size: usize) -> Result<Fetched, Error> {
        // One octet more shows that it is larger.
        let asked = size.saturating_add(1);
        self.allow(asked.saturating_add(TALK));
        let what = format!("(UID BODY.PEEK[]<0.{asked}>)");
        let fetched = within(self.patience, async {
            let fetched = self.inner.uid_fetch(uid.to_string(), what).await;
            let fetched = fetched.map_err(|error| Error::of(error, "a mail"))?;
            let body = |mail: Fetch| mail.body().filter(|_| mail.uid == Some(uid)).map(<[u8]>::to_vec);
            collect(fetched, body, 1).await
        });
        Ok(match fetched.await??.pop() {
            Some(mut mail) if mail.len() > size => {
                mail.truncate(size);
                Fetched::Beginning(mail)
            }
            Some(mail) => Fetched::Whole(mail),
            None => Fetched::Nothing,
        })
    }

    /// Moves a mail to a folder. Where the server cannot, it is copied, and only this one is expunged: other programs may have marked
    /// others.
    pub(super) async fn put_away(&mut self, uid: u32, folder: &Folder) -> Result<(), Error> {
        let name = folder.quoted();
        if self.moves {
            return self.command(&format!("UID MOVE {uid} {name}"), "MOVE").await;
        }
        self.command(&format!("UID COPY {uid} {name}"), "COPY").await?;
        self.command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"), "STORE").await?;
        self.command(&format!("UID EXPUNGE {uid}"), "EXPUNGE").await
    }

    /// Waits until something has happened in INBOX, or `interrupted` ends, or for as long as `poll`. INBOX was opened just now.
    pub(super) async fn wait<T>(
        mut self,
        poll: Duration,
        interrupted: impl Future<Output = T>,
    ) -> Result<(Self, Option<T>), Error> {
        let mut interrupted = pin!(interrupted);
        if !self.idles {
            let told = tokio::time::timeout(poll, interrupted).await.ok();
            return Ok((self, told));
        }
        self.allow(TALK);
        let Self { inner, patience, .. } = self;
        let aside = inner.unsolicited_responses.clone();
        let mut idle = inner.idle();
        within(patience, idle.init()).await?.map_err(|error| Error::of(error, "IDLE"))?;
        // What the server says before it agrees goes where nobody looks.
        let mut told = None;
        if !std::iter::from_fn(|| aside.try_recv().ok()).any(|said| matches!(said, UnsolicitedResponse::Exists(_))) {
            let (news, _interrupt) = idle.wait_with_timeout(poll);
            tokio::select! {
                news = news => drop(news.map_err(|error| Error::of(error, "IDLE"))?),
                because = &mut interrupted => told = Some(because),
            }
        }
        let inner = within(patience, idle.done()).await?.map_err(|error| Error::of(error, "IDLE"))?;
        Ok((Self { inner, ..self }, told))
    }

    /// Says good-bye.
    pub(super) async fn leave(mut self) {
        self.allow(TALK);
        drop(tokio::time::timeout(FAREWELL, self.inner.logout()).await);
    }

    async fn command(&mut self, command: &str, what: &'static str) -> Result<(), Error> {
        self.allow(TALK);
        let done = within(self.patience, self.inner.run_command_and_check_ok(command)).await?;
        done.map_err(|error| Error::of(error, what))
    }

    /// Lets the server say so much, and drops what it has said unasked: what is kept for nobody would keep memory.
    fn allow(&mut self, octets: usize) {
        while self.inner.unsolicited_responses.try_recv().is_ok() {}
        self.inner.as_mut().allow(octets);
    }
}

/// What is read out of answers to FETCH, up to `most`. All of them are read to the end, so that the next command has its own answers.
async fn collect<T>(
    answers: impl Stream<Item = async_imap::error::Result<Fetch>>,
    read: impl Fn(Fetch) -> Option<T>,
    most: usize,
) -> Result<Vec<T>, Error> {
    let mut answers = pin!(answers);
    let mut found = Vec::new();
    while let Some(answer) = answers.try_next().await.map_err(|error| Error::of(error, "FETCH"))? {
        found.extend(read(answer).filter(|_| found.len() < most));
    }
    Ok(found)
}
