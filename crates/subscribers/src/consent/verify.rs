use domain::{ConsentEventId, KeyId, MasterKeys};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, Statement};

use super::check::{Checker, Looks, leaf};
use super::leaf::next_head;
use super::{Act, Anchor, Digest, key};
use crate::entity::consent_block;
use crate::entity::consent_event::{Column, Entity, Model};
use crate::form;

/// What was found in a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// Why the ledger could not be read.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A form could not be looked up.
    #[error("a form cannot be looked up")]
    Form(#[from] form::Error),
    /// The database did not do it.
    #[error("database failure")]
    Database(#[from] sea_orm::DbErr),
}

/// Reads the whole ledger and says what is wrong with it. With an anchor a cut tail shows too.
pub async fn verify(
    conn: &impl ConnectionTrait,
    keys: &MasterKeys,
    anchor: Option<Anchor>,
) -> Result<Verified, VerifyError> {
    let mut reading = Reading { checker: Checker::default(), found: Verified::default() };
    let mut missing = anchor;
    let mut before = Anchor { block: 0, seq: 0, head: Digest::NOTHING };
    while let Some(block) = next_block(conn, before.block).await? {
        let here = reading.block(conn, keys, &before, &block).await?;
        missing = missing.filter(|anchor| *anchor != here);
        reading.found.anchor = Some(here);
        before = here;
    }
    reading.found.problems.extend(missing.map(Problem::Anchor));
    reading.found.problems.extend(uncovered(conn).await?.map(Problem::Uncovered));
    reading.unsealed(conn).await?;
    Ok(reading.found)
}

struct Reading {
    checker: Checker,
    found: Verified,
}

impl Reading {
    /// Reads a block and its entries, and says where the chain stands behind it.
    async fn block(
        &mut self,
        conn: &impl ConnectionTrait,
        keys: &MasterKeys,
        before: &Anchor,
        block: &consent_block::Model,
    ) -> Result<Anchor, VerifyError> {
        let follows =
            block.no == before.block + 1 && block.first_seq == before.seq + 1 && block.previous == before.head.bytes();
        if !follows {
            self.found.problems.push(Problem::Link(block.no));
        }
        match key::holds(keys, block) {
            Some(true) => {}
            Some(false) => self.found.problems.push(Problem::Signature(block.no)),
            None => self.found.problems.push(Problem::UnknownKey { block: block.no, key: block.key_id }),
        }
        let rows = Entity::find().filter(Column::Seq.between(block.first_seq, block.last_seq));
        let rows = rows.order_by_asc(Column::Seq).all(conn).await?;
        let head = self.entries(conn, block, &rows).await?;
        if head.is_none_or(|head| head.bytes() != block.head) {
            let (first, last) = (block.first_seq, block.last_seq);
            self.found.problems.push(Problem::Chain { block: block.no, first, last });
        }
        let head = Digest::try_from(block.head.as_slice()).unwrap_or(Digest::NOTHING);
        Ok(Anchor { block: block.no, seq: block.last_seq, head })
    }

    /// Looks at the entries of a block and says which head they lead to.
    async fn entries(
        &mut self,
        conn: &impl ConnectionTrait,
        block: &consent_block::Model,
        rows: &[Model],
    ) -> Result<Option<Digest>, VerifyError> {
        let mut head = Digest::try_from(block.previous.as_slice()).ok();
        for row in rows {
            head = head.zip(leaf(row)).map(|(head, leaf)| next_head(&head, &leaf));
            self.found.sealed += 1;
            self.look(conn, row).await?;
        }
        let numbered = rows.iter().map(|row| row.seq).eq((block.first_seq..=block.last_seq).map(Some));
        Ok(head.filter(|_| numbered))
    }

    /// Looks at what waits for the sealer: it is in no chain yet, but its evidence is hashed.
    async fn unsealed(&mut self, conn: &impl ConnectionTrait) -> Result<(), VerifyError> {
        for row in Entity::find().filter(Column::Seq.is_null()).order_by_asc(Column::Id).all(conn).await? {
            self.found.unsealed += 1;
            self.look(conn, &row).await?;
        }
        Ok(())
    }

    async fn look(&mut self, conn: &impl ConnectionTrait, row: &Model) -> Result<(), VerifyError> {
        match self.checker.look(conn, row).await? {
            Looks::Whole(_) => {}
            Looks::Erased => self.found.erased += u64::from(row.act != Act::Erased),
            Looks::Wrong(problem) => self.found.problems.push(problem),
        }
        Ok(())
    }
}

async fn next_block(conn: &impl ConnectionTrait, after: i64) -> Result<Option<consent_block::Model>, DbErr> {
    let block = consent_block::Entity::find().filter(consent_block::Column::No.gt(after));
    block.order_by_asc(consent_block::Column::No).one(conn).await
}

/// The first entry that has a number behind the last block's. One statement, so that a block sealed meanwhile is no fault.
async fn uncovered(conn: &impl ConnectionTrait) -> Result<Option<i64>, DbErr> {
    let sql = "SELECT MIN(seq) FROM consent_events WHERE seq > (SELECT COALESCE(MAX(last_seq), 0) FROM consent_blocks)";
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await?;
    row.map_or(Ok(None), |row| row.try_get_by_index(0))
}
