//! Bringing a list of people on file.

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Actor, EmailAddress, InvalidAddress, Locale, MasterKeys, TopicId};
use sea_orm::ConnectionTrait;

use crate::subscription::{InvalidTransition, State};
use crate::suppression::{AddressHasher, Reason};
use crate::voucher::{self, Voucher};
use crate::{Basis, Error, Evidence, Profile, Source, store};

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
#[derive(Clone, Debug, Default)]
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

/// How many rows a transaction takes: others wait for it on SQLite.
const CHUNK: usize = 25;

/// Brings people on file, in transactions of a few rows each. What was imported before a failure stays; the same list can
/// be imported again.
pub async fn run(
    db: &Database,
    keys: &MasterKeys,
    list: &List,
    rows: impl IntoIterator<Item = Row>,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Report, Error> {
    let import = Import { list, hasher: AddressHasher::new(keys), actor, now };
    let mut report = Report::default();
    let mut rows = rows.into_iter();
    loop {
        let chunk: Vec<Row> = rows.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(report);
        }
        import.chunk(db, chunk, &mut report).await?;
    }
}

struct Import<'a> {
    list: &'a List,
    hasher: AddressHasher,
    actor: &'a Actor,
    now: DateTime<Utc>,
}

impl Import<'_> {
    async fn chunk(&self, db: &Database, rows: Vec<Row>, report: &mut Report) -> Result<(), Error> {
        let mut good = Vec::new();
        for row in rows {
            match checked(row.email.parse(), row.profile) {
                Ok((email, profile)) => good.push((email, profile, row.locale, row.line)),
                Err(why) => report.skipped.push((row.line, why)),
            }
        }
        // In one order everywhere, so that two imports at once do not wait for each other in a ring.
        good.sort_by(|a, b| (&a.0, a.3).cmp(&(&b.0, b.3)));
        // Counted apart, because what does not commit has not happened.
        let mut done = Report::default();
        let txn = db.begin().await?;
        for (email, profile, locale, line) in good {
            match self.row(&txn, &email, profile, locale).await? {
                Ok(Done::Added) => done.added += 1,
                Ok(Done::Joined) => done.joined += 1,
                Ok(Done::Unchanged) => done.unchanged += 1,
                Err(why) => done.skipped.push((line, why)),
            }
        }
        txn.commit().await?;
        report.added += done.added;
        report.joined += done.joined;
        report.unchanged += done.unchanged;
        report.skipped.extend(done.skipped);
        report.skipped.sort_by_key(|(line, _)| *line);
        Ok(())
    }

    async fn row(
        &self,
        conn: &impl ConnectionTrait,
        email: &EmailAddress,
        profile: Profile,
        locale: Option<Locale>,
    ) -> Result<Result<Done, Skipped>, Error> {
        if let Some(reason) = voucher::barred(conn, &self.hasher.all(email), &self.list.topics).await? {
            return Ok(Err(Skipped::Suppressed(reason)));
        }
        let locale = locale.unwrap_or(self.list.locale);
        let (person, fresh) =
            store::find_or_insert(conn, &self.hasher, email, locale, Some(self.actor), self.now).await?;
        if fresh {
            store::put_profile(conn, &person, profile, locale, self.actor, self.now).await?;
        }
        let voucher = Voucher {
            basis: self.list.basis,
            stated: &self.list.stated,
            until: self.list.until,
            source: Source::Import,
            actor: self.actor,
            evidence: &Evidence::none(),
        };
        let (mut new, mut refused) = (false, None);
        for topic in &self.list.topics {
            match voucher::vouch(conn, &person, *topic, &voucher, self.now).await? {
                Ok(one) => new |= one,
                Err(why) => refused = Some(why),
            }
        }
        Ok(match (fresh, new, refused) {
            (true, ..) => Ok(Done::Added),
            (_, true, _) => Ok(Done::Joined),
            (_, _, None) => Ok(Done::Unchanged),
            (_, _, Some(InvalidTransition { from: Some(State::Unsubscribed), .. })) => Err(Skipped::Left),
            (_, _, Some(_)) => Err(Skipped::Unconfirmed),
        })
    }
}

/// What became of a row that was taken.
enum Done {
    Added,
    Joined,
    Unchanged,
}

fn checked(email: Result<EmailAddress, InvalidAddress>, profile: Profile) -> Result<(EmailAddress, Profile), Skipped> {
    Ok((email?, profile.checked().map_err(|error| Skipped::Field(error.to_string()))?))
}
