//! Returned mail that a mail server delivers into a Maildir (<https://cr.yp.to/proto/maildir.html>).
//!
//! A mail that is being written is in `tmp` and not looked at. What is in `new` is dealt with as the listener's mails are and then moved
//! to `cur`, marked as seen, which is one rename: a program that dies in between finds the mail once more, and knows it. Nothing is
//! ever deleted.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use database::Database;
use domain::{Clock, EmailAddress};
use links::Links;
use rustix::fs::{Mode, OFlags};
use tokio_util::sync::CancellationToken;

use crate::stored::{Stored, process_stored};

/// How often it is looked for mail.
const POLL: Duration = Duration::from_secs(2);

/// So many mails are looked for at a time.
const MAILS: usize = 1_000;

/// What a mail's name ends with that was seen.
const SEEN: &str = ":2,S";

/// A Maildir that this program alone reads.
#[derive(Debug)]
pub struct Maildir {
    folder: PathBuf,
    mailbox: EmailAddress,
    size: usize,
    /// What could not be read, which is told once.
    unreadable: HashSet<PathBuf>,
    _alone: File,
}

/// Why a Maildir cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It has no `new`, `cur` and `tmp`.
    #[error("{0} is no Maildir: it has no folders new, cur and tmp")]
    NoMaildir(PathBuf),
    /// Another eshot reads it.
    #[error("{0} is read by another eshot")]
    Taken(PathBuf),
    /// The file system did not do it.
    #[error("the Maildir cannot be opened")]
    Io(#[from] io::Error),
}

/// How one look at it went.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Mails that were dealt with and moved.
    pub moved: usize,
    /// Mails that stay until the next look.
    pub left: usize,
}

impl Maildir {
    /// Opens one for this program alone. `mailbox` is whom a mail is to whose head names nobody. Of a mail with more than `size` octets
    /// what stands behind them is not read.
    pub fn open(folder: &Path, mailbox: EmailAddress, size: usize) -> Result<Self, OpenError> {
        if !["new", "cur", "tmp"].iter().all(|name| folder.join(name).is_dir()) {
            return Err(OpenError::NoMaildir(folder.to_owned()));
        }
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("eshot.lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Taken(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        Ok(Self { folder: folder.to_owned(), mailbox, size, unreadable: HashSet::new(), _alone: lock })
    }

    /// Looks every two seconds, until it is told to end.
    pub async fn run(mut self, db: Database, links: Links, clock: &dyn Clock, shutdown: CancellationToken) {
        let mut is_told = false;
        loop {
            let swept = self.sweep(&db, &links, clock, &shutdown).await;
            if let (Err(error), false) = (&swept, is_told) {
                tracing::error!(folder = %self.folder.display(), %error, "the Maildir of returned mail cannot be read");
            }
            is_told = swept.is_err();
            // There may be more than were looked for at once.
            let pause = if swept.is_ok_and(|swept| swept.moved >= MAILS) { Duration::ZERO } else { POLL };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Deals with what is there, in the order of the names, which is that of time.
    pub async fn sweep(
        &mut self,
        db: &Database,
        links: &Links,
        clock: &dyn Clock,
        shutdown: &CancellationToken,
    ) -> io::Result<Swept> {
        let mut swept = Swept::default();
        for name in self.mails()? {
            if shutdown.is_cancelled() {
                break;
            }
            match self.one(&name, db, links, clock).await {
                Ok(()) => swept.moved += 1,
                Err(Left::Database) => {
                    // The rest would fare no better.
                    swept.left += 1;
                    break;
                }
                Err(Left::Mail) => swept.left += 1,
            }
        }
        Ok(swept)
    }

    /// The names of the regular files in `new`, what could not be read before behind the others. A link may lead anywhere, and nobody
    /// delivers one.
    fn mails(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut mails = Vec::new();
        for entry in fs::read_dir(self.folder.join("new"))? {
            let entry = entry?;
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !is_hidden && entry.file_type()?.is_file() {
                mails.push(PathBuf::from(entry.file_name()));
            }
        }
        mails.sort();
        if !self.unreadable.is_empty() {
            self.unreadable.retain(|name| mails.binary_search(name).is_ok());
            mails.sort_by_key(|name| self.unreadable.contains(name));
        }
        mails.truncate(MAILS);
        Ok(mails)
    }

    async fn one(&mut self, name: &Path, db: &Database, links: &Links, clock: &dyn Clock) -> Result<(), Left> {
        let new = self.folder.join("new").join(name);
        let raw = match read(&new, self.size) {
            Ok(raw) => raw,
            Err(error) => return Err(self.unreadable(name, &error)),
        };
        let mail = Stored { source: "maildir", mailbox: &self.mailbox, raw: &raw };
        if let Err(error) = process_stored(db, links, mail, clock.now()).await {
            let is_unavailable = database::is_unavailable(&error);
            if is_unavailable || self.unreadable.insert(name.to_owned()) {
                let (error, mail): (&dyn std::error::Error, _) = (&error, new.display());
                tracing::error!(%mail, error, "a returned mail in the Maildir could not be kept; it is tried again");
            }
            return Err(if is_unavailable { Left::Database } else { Left::Mail });
        }
        let mut seen = name.as_os_str().to_owned();
        if !seen.as_encoded_bytes().windows(3).any(|part| part == b":2,") {
            seen.push(SEEN);
        }
        match fs::rename(&new, self.folder.join("cur").join(seen)) {
            Ok(()) => {
                self.unreadable.remove(name);
                Ok(())
            }
            Err(error) => Err(self.unreadable(name, &error)),
        }
    }

    /// Tells once of a mail that cannot be read or moved. It is tried again, and keeps no other waiting.
    fn unreadable(&mut self, name: &Path, error: &io::Error) -> Left {
        if self.unreadable.insert(name.to_owned()) {
            let mail = self.folder.join("new").join(name);
            tracing::error!(mail = %mail.display(), %error, "a returned mail in the Maildir cannot be read or moved");
        }
        Left::Mail
    }
}

/// Why a mail stays where it is.
enum Left {
    /// It is this mail.
    Mail,
    /// It is the database.
    Database,
}

/// The first octets of a regular file. It may be another thing by now than when it was listed, so that the one that was opened is asked.
fn read(path: &Path, size: usize) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut raw = Vec::new();
    file.take(u64::try_from(size).unwrap_or(u64::MAX)).read_to_end(&mut raw)?;
    Ok(raw)
}
