//! Forgetting who never confirmed.

use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::SubscriberId;
use subscribers::{Error, unconfirmed};

use super::Shared;
use crate::serve::scheduler::told;

/// How many go in one turn: a person stands in many tables.
const PEOPLE: u64 = 25;

/// Forgets as many as go in one turn, and says whether there may be more.
pub(super) async fn turn(shared: &Shared, lease: &Lease, before: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let (db, what) = (&shared.db, "forgetting who never confirmed");
    let Some(due) = told(what, unconfirmed::due(db.reader(), before, PEOPLE).await) else { return false };
    let mut gone = 0;
    for subscriber in &due {
        let Some(forgotten) = told(what, forget(db, lease, *subscriber, before, now).await) else { return false };
        gone += usize::from(forgotten);
    }
    if gone > 0 {
        tracing::info!(count = gone, "{gone} people were forgotten who never confirmed");
    }
    due.len() as u64 == PEOPLE
}

/// Forgets a person who is due still, with what is kept about them beside, and says whether. All of it or nothing: whoever
/// confirms in the meantime keeps their traces, and a failure leaves the person due.
pub(super) async fn forget(
    db: &Database,
    lease: &Lease,
    subscriber: SubscriberId,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let txn = lease::begin(db, lease, now).await?;
    if !unconfirmed::forget(&txn, subscriber, before, now).await? {
        return Ok(false);
    }
    feedback::forget_known(&txn, subscriber).await?;
    accounts::audit::forget(&txn, &format!("subscriber:{subscriber}"), "subscriber").await?;
    txn.commit().await?;
    Ok(true)
}
