//! A list as CSV (RFC 4180), from strangers' bytes.

use csv::{ByteRecord, ReaderBuilder, Trim};
use data_encoding::HEXLOWER_PERMISSIVE;
use domain::{BrandId, EmailAddress, KeyId, MasterKeys};
use sea_orm::ActiveEnum;

use super::{Entry, Line, List, Refused, Whom};
use crate::suppression::reason::Reach;
use crate::suppression::{AddressHash, Reason, SCHEME};

/// How many bytes a cell has at most.
pub const CELL_LIMIT: usize = 1_000;

/// How many bytes a hash has.
const HASH: usize = 32;

/// Why a list cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// No column names anybody.
    #[error("the first line names the columns, with commas between them, and one of them is address or hash")]
    NoColumn,
    /// Two columns have one name.
    #[error("two columns are called {0}")]
    Twice(&'static str),
}

/// The columns that are read, by their numbers. All others are passed over.
struct Columns {
    width: usize,
    address: Option<usize>,
    hash: Option<usize>,
    scheme: Option<usize>,
    generation: Option<usize>,
    brand: Option<usize>,
    reason: Option<usize>,
    detail: Option<usize>,
    lifted_at: Option<usize>,
}

/// The lines of a list whose first line names the columns: `address` (or `email`), or `hash` with `scheme` and `generation`; and `brand`,
/// `reason` and `detail`. What an export writes is one.
pub fn lines<'a>(
    text: &'a [u8],
    list: &'a List,
    keys: &'a MasterKeys,
) -> Result<impl Iterator<Item = Line> + 'a, Unreadable> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(text);
    // The bytes are in memory: what cannot be read is what says nothing.
    let heading = reader.byte_headers().cloned().unwrap_or_default();
    let columns = Columns::of(&heading)?;
    let (mut record, mut place) = (ByteRecord::new(), Place { text, byte: 0, line: 1 });
    Ok(std::iter::from_fn(move || {
        if !reader.read_byte_record(&mut record).unwrap_or(false) {
            return None;
        }
        let line = record.position().map_or(0, |position| place.line_of(position.byte()));
        Some(Line { line, entry: columns.entry(&record, list, keys) })
    }))
}

/// How far the lines are counted. The reader's own count falls behind where a line ends with CR LF, or is empty.
struct Place<'a> {
    text: &'a [u8],
    byte: usize,
    line: u64,
}

impl Place<'_> {
    /// The line in which the record begins that is read from this byte on.
    fn line_of(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX).min(self.text.len());
        let rest = self.text.get(byte..).unwrap_or_default();
        let blank = rest.iter().take_while(|sign| matches!(sign, b'\r' | b'\n')).count();
        let upto = byte + blank;
        for at in self.byte..upto {
            let ends = match self.text.get(at) {
                Some(b'\n') => true,
                Some(b'\r') => self.text.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends);
        }
        self.byte = upto;
        self.line
    }
}

impl Columns {
    fn of(heading: &ByteRecord) -> Result<Self, Unreadable> {
        // As a person writes them: `Created At` is `created_at`. Spreadsheets put a mark of byte order in front.
        let name = |cell: &[u8]| {
            let text = String::from_utf8_lossy(cell);
            text.trim_start_matches('\u{feff}').trim().to_lowercase().replace([' ', '-'], "_")
        };
        let names: Vec<String> = heading.iter().map(name).collect();
        let column = |wanted: &'static str, also: &'static str| {
            let mut found = names.iter().enumerate().filter(|(_, name)| *name == wanted || *name == also);
            match (found.next(), found.next()) {
                (Some(_), Some(_)) => Err(Unreadable::Twice(wanted)),
                (found, _) => Ok(found.map(|(at, _)| at)),
            }
        };
        let columns = Self {
            width: names.len(),
            address: column("address", "email")?,
            hash: column("hash", "hash")?,
            scheme: column("scheme", "scheme")?,
            generation: column("generation", "generation")?,
            brand: column("brand", "brand")?,
            reason: column("reason", "reason")?,
            detail: column("detail", "detail")?,
            lifted_at: column("lifted_at", "lifted_at")?,
        };
        if columns.address.or(columns.hash).is_none() { Err(Unreadable::NoColumn) } else { Ok(columns) }
    }

    fn entry(&self, record: &ByteRecord, list: &List, keys: &MasterKeys) -> Result<Entry, Refused> {
        if record.len() != self.width {
            return Err(Refused::Cells(record.len(), self.width));
        }
        let text = |column: Option<usize>, name: &str| cell(record, column, name);
        if !text(self.lifted_at, "lifted_at")?.is_empty() {
            return Err(Refused::Lifted);
        }
        let (reason, brand) = (text(self.reason, "reason")?, text(self.brand, "brand")?);
        let reason = if reason.is_empty() { list.reason } else { reason_of(reason)? };
        let brand = match brand {
            "" => list.brand,
            slug => Some(*list.brands.get(slug).ok_or_else(|| Refused::Brand(shown(slug)))?),
        };
        let whom = self.whom(record, keys)?;
        // Nobody could lift it again. A list of our own has the hash of whom we erased.
        if reason == Reason::Erased && matches!(whom, Whom::Address(_)) {
            return Err(Refused::Erased);
        }
        Ok(Entry {
            whom,
            brand: reaching(reason, brand, text(self.brand, "brand")?.is_empty())?,
            reason,
            detail: text(self.detail, "detail")?.to_owned(),
        })
    }

    fn whom(&self, record: &ByteRecord, keys: &MasterKeys) -> Result<Whom, Refused> {
        let address = cell(record, self.address, "address")?;
        if !address.is_empty() {
            return Ok(Whom::Address(address.parse::<EmailAddress>()?));
        }
        let hash = cell(record, self.hash, "hash")?;
        if hash.is_empty() {
            return Err(Refused::Nobody);
        }
        let scheme = cell(record, self.scheme, "scheme")?;
        let hash = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).map_err(|_| Refused::Hash)?;
        if hash.len() != HASH || scheme != SCHEME.to_string() {
            return Err(Refused::Hash);
        }
        let generation = cell(record, self.generation, "generation")?;
        let known = generation.parse().ok().map(KeyId).filter(|id| keys.generations().any(|known| known == *id));
        let generation = known.ok_or_else(|| Refused::Generation(shown(generation)))?;
        Ok(Whom::Hash(AddressHash { generation, hash }))
    }
}

fn cell<'r>(record: &'r ByteRecord, column: Option<usize>, name: &str) -> Result<&'r str, Refused> {
    let bytes = column.and_then(|column| record.get(column)).unwrap_or_default();
    if bytes.len() > CELL_LIMIT {
        return Err(Refused::Long(name.to_owned()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Refused::NoText(name.to_owned()))?;
    // PostgreSQL keeps no NUL, and terminals obey the others.
    let is_strange = |sign: char| sign.is_control() && !matches!(sign, '\t' | '\r' | '\n');
    if text.contains(is_strange) { Err(Refused::NoText(name.to_owned())) } else { Ok(text) }
}

fn reason_of(text: &str) -> Result<Reason, Refused> {
    Reason::ALL.into_iter().find(|reason| reason.to_value() == text).ok_or_else(|| Refused::Reason(shown(text)))
}

/// The brand that a suppression for `reason` is for. Where the list as a whole is one brand's, that is no word against what reaches them
/// all.
fn reaching(reason: Reason, brand: Option<BrandId>, is_of_list: bool) -> Result<Option<BrandId>, Refused> {
    match (reason.reach(), brand) {
        (Reach::EveryBrand, Some(_)) if is_of_list => Ok(None),
        (Reach::EveryBrand, Some(_)) => Err(Refused::EveryBrand(reason)),
        (Reach::OneBrand, None) => Err(Refused::OneBrand(reason)),
        (_, brand) => Ok(brand),
    }
}

/// Enough of a cell to find it again.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
