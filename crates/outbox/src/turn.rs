use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use database::Writes;
use domain::{DeliveryKey, InstanceId};
use sea_orm::ConnectionTrait;

use crate::counts::Deltas;
use crate::record::{self, Recorded};
use crate::submit::{self, Submitted};
use crate::{Answer, Error, Lease, change, dialect};

/// What became of a [`turn`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Of the answers.
    pub recorded: Recorded,
    /// Of each lease, in their order, what may be sent once the caller's transaction has committed. One delivery may have been
    /// asked for under two leases, of which one is over; and one that is answered in this very turn is not begun in it.
    pub submitted: Vec<Vec<Submitted>>,
}

/// All that a sender writes in one round, in the caller's transaction: what was [`record`](crate::record)ed, and then what it is
/// about to [`submit`](crate::submit) of each lease.
///
/// The deliveries of both are locked first and all at once, in the order in which everybody locks them: whoever erases a person
/// holds deliveries of many mailings, and two orders would have PostgreSQL end one of the two. On SQLite, where a transaction is
/// alone, only those are read about which there is something to judge. What is submitted is written at once; what else is to be
/// written is added to `writes`, which the caller runs in the same transaction.
pub async fn turn(
    txn: &impl ConnectionTrait,
    shard: InstanceId,
    answers: &[Answer],
    next: &[(&Lease, Vec<DeliveryKey>)],
    writes: &mut Writes,
    now: DateTime<Utc>,
) -> Result<Turn, Error> {
    if answers.is_empty() && next.is_empty() {
        return Ok(Turn::default());
    }
    let backend = txn.get_database_backend();
    let answered: BTreeSet<DeliveryKey> = answers.iter().map(|answer| answer.key).collect();
    let begun = next.iter().flat_map(|(_, keys)| keys).copied().filter(|_| dialect::locks(backend));
    let rows = change::lock(txn, answered.iter().copied().chain(begun)).await?;
    let mut deltas = Deltas::default();
    let recorded = record::write(backend, shard, rows, answers, (writes, &mut deltas), now);
    let mut submitted = Vec::with_capacity(next.len());
    for (lease, keys) in next {
        // An answer to an earlier attempt, late, may be just what makes another needless: it is heard first, and its row changes
        // once.
        let unanswered: Vec<_> = keys.iter().copied().filter(|key| !answered.contains(key)).collect();
        submitted.push(submit::write(txn, lease, &unanswered, &mut deltas, now).await?);
    }
    deltas.apply(shard, writes);
    Ok(Turn { recorded, submitted })
}
