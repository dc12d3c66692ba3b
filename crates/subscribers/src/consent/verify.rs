use domain::{ConsentEventId, KeyId, MasterKeys};
use sea_orm::ConnectionTrait;

use super::{Anchor, RecordError};

/// A ledger in which nothing was found wrong, or what was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries the chain holds.
    pub sealed: u64,
    /// How many wait for the sealer.
    pub unsealed: u64,
    /// How many no longer say whose they are, because the person was erased.
    pub erased: u64,
    /// The newest head.
    pub anchor: Option<Anchor>,
    /// What is wrong. Empty: nothing.
    pub problems: Vec<Problem>,
}

/// What is wrong with a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The row of an entry is not what was chained.
    #[error("block {block}: an entry from {first} to {last} was changed, removed or put in")]
    Chain {
        /// The block.
        block: i64,
        /// Its first entry.
        first: i64,
        /// Its last entry.
        last: i64,
    },
    /// Evidence, salt or person of an entry is not what was hashed.
    #[error("entry {0}: its evidence was changed")]
    Evidence(ConsentEventId),
    /// A form version is not what the person saw.
    #[error("entry {0}: the words of its form were changed")]
    Words(ConsentEventId),
    /// A block does not follow the one before it.
    #[error("block {0} does not follow the one before it")]
    Link(i64),
    /// A block was not signed by us, or was changed since.
    #[error("block {0}: its signature does not hold")]
    Signature(i64),
    /// The generation that signed a block is not among the master keys.
    #[error("block {block}: it was signed under master key {}, which is not given", .key.0)]
    UnknownKey {
        /// The block.
        block: i64,
        /// The generation.
        key: KeyId,
    },
    /// Entries carry numbers that no block covers.
    #[error("entries from {0} on are numbered, but no block covers them")]
    Uncovered(i64),
    /// The chain ends before the anchor, or says something else there.
    #[error("the chain does not lead to the anchor {0}: its tail was cut or written anew")]
    Anchor(Anchor),
}

/// Reads the whole ledger and says what is wrong with it. With an anchor a cut tail shows too.
pub async fn verify(
    conn: &impl ConnectionTrait,
    keys: &MasterKeys,
    anchor: Option<Anchor>,
) -> Result<Verified, RecordError> {
    let _ = (conn, keys, anchor);
    todo!()
}
