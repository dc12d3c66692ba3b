//! Bringing a list of people on file.

mod chunk;
mod person;

use std::fmt;

use chrono::{DateTime, Utc};
use database::{ChunkSize, Database};
use domain::{Actor, EmailAddress, InvalidAddress, Locale, MasterKeys, TopicId, Unreachable};

use crate::suppression::{AddressHasher, Reason};
use crate::{Basis, Error, Profile};
use chunk::Chunk;

/// What a list is, and on what basis its people may be written to.
#[derive(Clone, Debug)]
pub struct List {
    /// What they are subscribed to.
    pub topics: Vec<TopicId>,
    /// Why we may write to them. An import without a basis is none.
    pub basis: Basis,
    /// How that basis was gained, in words: goes into the consent ledger of each.
    pub stated: String,
    /// Until when the basis holds, where it ends.
    pub until: Option<DateTime<Utc>>,
    /// The language of those whose row names none.
    pub locale: Locale,
}

/// One line of a list.
#[derive(Clone, Default)]
pub struct Row {
    /// Where it stands in the list, counted as the reader counts.
    pub line: u64,
    /// The address as it is written there.
    pub email: String,
    /// What the list knows.
    pub profile: Profile,
    /// The language.
    pub locale: Option<Locale>,
}

/// What became of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many came on file.
    pub added: u64,
    /// How many were on file and are subscribed to something more.
    pub joined: u64,
    /// How many were subscribed to all of it already.
    pub unchanged: u64,
    /// Who was left out, by line.
    pub skipped: Vec<(u64, Skipped)>,
}

/// Why a line was left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skipped {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// No mail can be sent to it.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// A field cannot be kept.
    #[error("{0}")]
    Field(String),
    /// The address is suppressed. An import lifts nothing.
    #[error("the address is suppressed: {0}")]
    Suppressed(Reason),
    /// The person has left. Nobody is brought back by a list.
    #[error("the person has left")]
    Left,
    /// The person was asked and has not confirmed.
    #[error("the person was asked and has not confirmed")]
    Unconfirmed,
}

/// How many rows a transaction takes. More would be too many values for one statement.
const CHUNK: ChunkSize = ChunkSize::new(100, 10, 500);

/// Brings people on file, in transactions of a few hundred rows at most. What was imported before a failure stays; the same
/// list can be imported again.
pub async fn run(
    db: &Database,
    keys: &MasterKeys,
    list: &List,
    rows: impl IntoIterator<Item = Row>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Report, Error> {
    let (hasher, mut rows) = (AddressHasher::new(keys), rows.into_iter());
    let (mut report, mut size) = (Report::default(), CHUNK);
    loop {
        let rows: Vec<Row> = rows.by_ref().take(usize::try_from(size.rows()).unwrap_or(usize::MAX)).collect();
        if rows.is_empty() {
            report.skipped.sort_by_key(|(line, _)| *line);
            return Ok(report);
        }
        let mut people = person::read(rows, &hasher, &mut report.skipped);
        while !people.is_empty() {
            let txn = db.begin().await?;
            let timer = size.begun(db.backend());
            let (done, vanished) = Chunk { conn: &txn, list, actor, now }.bring(people).await?;
            txn.commit().await?;
            timer.committed();
            // Counted now: what does not commit has not happened.
            report.add(done);
            people = vanished;
        }
    }
}

/// Masked: what is no address may yet be most of one.
impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, email, profile, locale } = self;
        let email = email.parse::<EmailAddress>().map_or_else(|_| "***".to_owned(), |email| email.masked().to_string());
        f.debug_struct("Row")
            .field("line", line)
            .field("email", &format_args!("{email}"))
            .field("profile", profile)
            .field("locale", locale)
            .finish()
    }
}

impl Report {
    fn add(&mut self, other: Self) {
        self.added += other.added;
        self.joined += other.joined;
        self.unchanged += other.unchanged;
        self.skipped.extend(other.skipped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_a_row_for_debugging_is_masked() {
        let profile = Profile { name: Some("Ada".to_owned()), ..Profile::default() };
        let row = |email: &str| Row { line: 7, email: email.to_owned(), profile: profile.clone(), locale: None };
        let shown = format!("{:?}", row("ada@example.com"));
        assert!(
            shown.starts_with("Row { line: 7, email: a***@e***.com, profile: Profile { name: Some(***)"),
            "{shown}"
        );
        let shown = format!("{:?}", row("ada at example.com"));
        assert!(shown.starts_with("Row { line: 7, email: ***, profile"), "{shown}");
    }
}
