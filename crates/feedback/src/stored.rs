//! Mails that lie in a file or a folder: who they are from and to is what their heads tell.

use chrono::{DateTime, Utc};
use database::Database;
use domain::EmailAddress;
use links::Links;

use crate::envelope::Envelope;
use crate::identify::Door;
use crate::process::{Error, Incoming, Processed, process};

/// A mail that lies somewhere.
#[derive(Copy, Clone)]
pub struct Stored<'a> {
    /// By which door it came: `maildir`, `mbox`, …
    pub source: &'a str,
    /// Whom it is to where its head names nobody: the mailbox.
    pub mailbox: &'a EmailAddress,
    /// The mail.
    pub raw: &'a [u8],
}

/// Deals with a mail that lies somewhere, as [`process`](crate::process()) does with one that comes.
pub async fn process_stored(
    db: &Database,
    links: &Links,
    mail: Stored<'_>,
    now: DateTime<Utc>,
) -> Result<Processed, Error> {
    let Envelope { from, to } = Envelope::of(links, mail.raw, mail.mailbox);
    let incoming = Incoming { source: mail.source, from: &from, to: &[to], raw: mail.raw };
    let done = process(db, links, incoming, now).await?;
    // One for each recipient, of whom there is one.
    Ok(done.into_iter().next().unwrap_or(Processed::SeenBefore))
}

/// Whether an address holds a token of ours, so that mail to it is returned mail.
pub fn has_token(links: &Links, address: &EmailAddress) -> bool {
    matches!(Door::of(links, address), Ok(Door::Delivery(_) | Door::Unsubscribe(_)))
}
