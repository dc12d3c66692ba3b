//! Bringing a list of addresses that may not be mailed. It only adds: nothing that stands is lifted, shortened or made easier to lift.

mod chunk;
mod read;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use database::{ChunkSize, Database};
use domain::{Actor, BrandId, EmailAddress, InvalidAddress, MasterKeys};
use sea_orm::{ConnectionTrait, DbErr};

use self::chunk::Chunk;
pub use self::read::{CELL_LIMIT, Unreadable, lines};
use super::{AddressHash, Reason};

/// What a list is, and what holds for lines that do not say it.
#[derive(Clone, Debug)]
pub struct List {
    /// For which brand; none for every one.
    pub brand: Option<BrandId>,
    /// Why.
    pub reason: Reason,
    /// The brands that a line may name, by slug.
    pub brands: HashMap<String, BrandId>,
}

/// One line of a list.
#[derive(Clone, Debug)]
pub struct Line {
    /// Where it begins in the file, the heading being 1.
    pub line: u64,
    /// What it says, or why that cannot be taken.
    pub entry: Result<Entry, Refused>,
}

/// An address that a list says is not to be mailed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which.
    pub(super) whom: Whom,
    /// For which brand; none for every one.
    pub(super) brand: Option<BrandId>,
    /// Why.
    pub(super) reason: Reason,
    /// What is said about it.
    pub(super) detail: String,
}

/// How a list names an address.
#[derive(Clone, Debug)]
pub(super) enum Whom {
    /// As it is written.
    Address(EmailAddress),
    /// By its hash, as an export of an installation with the same master keys has it.
    Hash(AddressHash),
}

/// Why a line was left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has more or fewer cells than the heading.
    #[error("it has {0} cells and the heading has {1}; is a quote or a comma missing?")]
    Cells(usize, usize),
    /// A cell is too long to be what it should be.
    #[error("{0} is longer than {CELL_LIMIT} bytes; is a quote left open?")]
    Long(String),
    /// A cell is no text.
    #[error("{0} is no text in UTF-8, or has signs that no text has")]
    NoText(String),
    /// It names nobody.
    #[error("it has neither an address nor a hash")]
    Nobody,
    /// The address is none.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// The hash is none.
    #[error(
        "a hash is 64 hexadecimal digits, with the scheme and the generation of the key that it was made under, as an export has them"
    )]
    Hash,
    /// The hash was made with a key that is not there.
    #[error("there is no master key of generation {0:?}: the hash would stop nobody")]
    Generation(String),
    /// The reason is none.
    #[error("{0:?} is no reason; there are {reasons}", reasons = reasons())]
    Reason(String),
    /// It says that somebody was erased.
    #[error("an address is not erased by a list; say manual, or leave the reason out")]
    Erased,
    /// There is no such brand.
    #[error("there is no brand {0:?}")]
    Brand(String),
    /// The suppression reaches every brand.
    #[error("a suppression for {0} is for every brand, and not for one")]
    EveryBrand(Reason),
    /// The suppression reaches one brand.
    #[error("a suppression for {0} is for one brand, and none is named")]
    OneBrand(Reason),
    /// It does not stand.
    #[error("it was lifted")]
    Lifted,
}

fn reasons() -> String {
    Reason::ALL.map(|reason| reason.to_string()).join(", ")
}

/// What became of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many suppressions are new.
    pub added: u64,
    /// How many stood already.
    pub unchanged: u64,
    /// What was left out, by line.
    pub refused: Vec<(u64, Refused)>,
}

/// How many lines a transaction takes.
const CHUNK: ChunkSize = ChunkSize::new(200, 20, 500);

/// A list that is being brought.
#[derive(Debug)]
pub struct Import<'a> {
    keys: &'a MasterKeys,
    actor: &'a Actor,
    /// Whether nothing is written, and only what would become of it is found out.
    dry_run: bool,
    report: Report,
    /// What the list has said already.
    said: HashSet<u128>,
}

impl<'a> Import<'a> {
    /// Begins a list.
    pub fn new(keys: &'a MasterKeys, actor: &'a Actor, dry_run: bool) -> Self {
        Self { keys, actor, dry_run, report: Report::default(), said: HashSet::new() }
    }

    /// Brings all lines in transactions of a few hundred at most. What was brought before a failure stays; the same list can be
    /// brought again.
    pub async fn in_pieces(
        mut self,
        db: &Database,
        lines: impl IntoIterator<Item = Line>,
        now: DateTime<Utc>,
    ) -> Result<Report, DbErr> {
        let (mut lines, mut size) = (lines.into_iter(), CHUNK);
        loop {
            let piece: Vec<Line> = lines.by_ref().take(usize::try_from(size.rows()).unwrap_or(usize::MAX)).collect();
            if piece.is_empty() {
                return Ok(self.report);
            }
            if self.dry_run {
                self.piece(db.reader(), piece, now).await?;
                continue;
            }
            let txn = db.begin().await?;
            let timer = size.begun(db.backend());
            self.piece(&txn, piece, now).await?;
            txn.commit().await?;
            timer.committed();
        }
    }

    /// Brings all lines in the caller's transaction.
    pub async fn in_one(
        mut self,
        conn: &impl ConnectionTrait,
        lines: impl IntoIterator<Item = Line>,
        now: DateTime<Utc>,
    ) -> Result<Report, DbErr> {
        let mut lines = lines.into_iter();
        loop {
            let piece: Vec<Line> = lines.by_ref().take(500).collect();
            if piece.is_empty() {
                return Ok(self.report);
            }
            self.piece(conn, piece, now).await?;
        }
    }

    async fn piece(&mut self, conn: &impl ConnectionTrait, lines: Vec<Line>, now: DateTime<Utc>) -> Result<(), DbErr> {
        let mut entries = Vec::with_capacity(lines.len());
        for Line { line, entry } in lines {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(why) => self.report.refused.push((line, why)),
            }
        }
        let chunk = Chunk { keys: self.keys, actor: self.actor, dry_run: self.dry_run, now };
        let (added, unchanged) = chunk.bring(conn, entries, &mut self.said).await?;
        self.report.added += added;
        self.report.unchanged += unchanged;
        Ok(())
    }
}
