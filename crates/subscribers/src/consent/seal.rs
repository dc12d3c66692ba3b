use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SubsecRound, Utc};
use database::Database;
use database::lease::{self, BeginError, Lease};
use domain::{ConsentEventId, MasterKeys};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, SqlErr,
    Statement, Value,
};

use super::check::leaf;
use super::leaf::next_head;
use super::{Digest, key};
use crate::entity::{consent_block, consent_event};

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
    /// An entry does not read as one.
    #[error("entry {0} of the consent ledger does not read as one")]
    Event(ConsentEventId),
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

/// How many entries a block takes: a transaction of a few milliseconds.
const LARGEST: u64 = 500;

/// Chains what was committed since the last time into one more block, and signs its head; none if there was nothing.
///
/// To be called every few seconds by whoever holds `lease` (one role for all sealers), until it gives none. What commits
/// late is not jumped over: it has no number yet, and gets one in the next block. Two sealers cannot fork the chain, because
/// a block's number is its key.
pub async fn seal(
    db: &Database,
    keys: &MasterKeys,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<Option<Anchor>, SealError> {
    let txn = lease::begin(db, lease, now).await.map_err(|error| match error {
        BeginError::Lost(_) => SealError::LeaseLost,
        BeginError::Database(error) => error.into(),
    })?;
    let rows = consent_event::Entity::find().filter(consent_event::Column::Seq.is_null());
    let rows = rows.order_by_asc(consent_event::Column::Id).limit(LARGEST).all(&txn).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let before = anchor(&txn).await?.unwrap_or(Anchor { block: 0, seq: 0, head: Digest::NOTHING });
    let mut head = before.head;
    for row in &rows {
        head = next_head(&head, &leaf(row).ok_or(SealError::Event(row.id))?);
    }
    let last_seq = before.seq + i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let mut block = consent_block::Model {
        no: before.block + 1,
        first_seq: before.seq + 1,
        last_seq,
        previous: before.head.bytes().to_vec(),
        head: head.bytes().to_vec(),
        key_id: keys.current(),
        signature: Vec::new(),
        sealed_at: now.trunc_subsecs(6),
    };
    block.signature = key::sign(keys, &block).ok_or(SealError::Key)?;
    let inserted = consent_block::Entity::insert(block.clone().into_active_model()).exec_without_returning(&txn).await;
    inserted.map_err(|error| match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => SealError::LeaseLost,
        _ => error.into(),
    })?;
    number(&txn, &rows, before.seq).await?;
    txn.commit().await?;
    Ok(Some(Anchor { block: block.no, seq: last_seq, head }))
}

/// Gives the entries of a block their numbers, in the order of their ids.
async fn number(conn: &impl ConnectionTrait, rows: &[consent_event::Model], after: i64) -> Result<(), SealError> {
    let places: Vec<String> = (2..).take(rows.len()).map(|place| format!("${place}")).collect();
    let places = places.join(", ");
    let sql = format!(
        "UPDATE consent_events SET seq = $1 + numbered.place \
         FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM consent_events WHERE id IN ({places})) AS numbered \
         WHERE consent_events.id = numbered.id AND consent_events.seq IS NULL"
    );
    let values = std::iter::once(Value::from(after)).chain(rows.iter().map(|row| Value::from(row.id)));
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let numbered = conn.execute_raw(statement).await?.rows_affected();
    // Somebody else has numbered some: they are the sealer now.
    if numbered == rows.len() as u64 { Ok(()) } else { Err(SealError::LeaseLost) }
}

/// The newest head; none before the first block. To be written down where nobody who edits the database can reach.
pub async fn anchor(conn: &impl ConnectionTrait) -> Result<Option<Anchor>, SealError> {
    let last = consent_block::Entity::find().order_by_desc(consent_block::Column::No).one(conn).await?;
    let Some(block) = last else { return Ok(None) };
    let head = Digest::try_from(block.head.as_slice()).map_err(|_| SealError::Row(block.no))?;
    Ok(Some(Anchor { block: block.no, seq: block.last_seq, head }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_anchor_survives_text(block in 1..i64::MAX, seq in 1..i64::MAX, bytes: [u8; 32]) {
            let anchor = Anchor { block, seq, head: Digest::try_from(bytes.as_slice()).unwrap() };
            prop_assert_eq!(anchor.to_string().parse(), Ok(anchor));
        }

        #[test]
        fn reading_an_anchor_never_panics(text in ".{0,90}") {
            let _ = text.parse::<Anchor>();
        }
    }
}
