use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use database::Database;
use database::lease::Lease;
use domain::MasterKeys;
use sea_orm::ConnectionTrait;

use super::Digest;

/// A head of the chain, written down where nobody who edits the database can reach: a log, a backup, a sheet of paper.
///
/// As text: the block's number, the last entry's number and the head, with colons between.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The block's number.
    pub block: i64,
    /// The last entry that it covers.
    pub seq: i64,
    /// The head of the chain behind that entry.
    pub head: Digest,
}

/// Why a text is no anchor.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an anchor looks like 12:3456:HEAD, with a head of 64 hexadecimal digits")]
pub struct InvalidAnchor;

/// Why the ledger was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Another sealer has taken over; it goes on.
    #[error("another sealer has taken over")]
    LeaseLost,
    /// No signing key can be derived.
    #[error("the master keys give no key for signing")]
    Key,
    /// The last block does not read as one.
    #[error("block {0} of the consent ledger does not read as one")]
    Row(i64),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.block, self.seq, self.head)
    }
}

impl FromStr for Anchor {
    type Err = InvalidAnchor;

    fn from_str(text: &str) -> Result<Self, InvalidAnchor> {
        let mut parts = text.trim().split(':');
        let mut part = || parts.next().ok_or(InvalidAnchor);
        let anchor = Self {
            block: part()?.parse().map_err(|_| InvalidAnchor)?,
            seq: part()?.parse().map_err(|_| InvalidAnchor)?,
            head: part()?.parse().map_err(|_| InvalidAnchor)?,
        };
        if parts.next().is_some() { Err(InvalidAnchor) } else { Ok(anchor) }
    }
}

/// Chains what was committed since the last time into one more block, and signs its head; none if there was nothing.
///
/// To be called every few seconds by whoever holds `lease` (of any role; one role for all sealers), until it gives none.
pub async fn seal(
    db: &Database,
    keys: &MasterKeys,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<Option<Anchor>, SealError> {
    let _ = (db, keys, lease, now);
    todo!()
}

/// The newest head; none before the first block.
pub async fn anchor(conn: &impl ConnectionTrait) -> Result<Option<Anchor>, SealError> {
    let _ = conn;
    todo!()
}
