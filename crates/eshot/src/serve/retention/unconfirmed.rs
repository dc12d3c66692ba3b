//! Forgetting who never confirmed.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use domain::SubscriberId;
use subscribers::{Error, unconfirmed};

use super::{Shared, Turn};
use crate::serve::scheduler::told;

/// How many go in one turn: a person stands in many tables.
const PEOPLE: usize = 25;

/// How many are looked for at a time.
const PAGE: u64 = 500;

/// Goes through those who are due in the order of their ids. Whoever cannot be forgotten stays behind, so that nobody waits for
/// them, and their turn comes again when everybody has had one.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    ahead: VecDeque<SubscriberId>,
    last: Option<SubscriberId>,
}

impl Unconfirmed {
    /// Forgets as many as go in one turn.
    pub(super) async fn turn(
        &mut self,
        shared: &Shared,
        lease: &Lease,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Turn {
        let (db, what) = (&shared.db, "forgetting who never confirmed");
        if self.ahead.is_empty() {
            let due = unconfirmed::due(db.reader(), before, self.last, PAGE).await;
            self.ahead = told(what, due).unwrap_or_default().into();
        }
        if self.ahead.is_empty() {
            self.last = None;
            return Turn::default();
        }
        let mut turn = Turn { gone: 0, more: true };
        for _ in 0..PEOPLE {
            let Some(subscriber) = self.ahead.pop_front() else { break };
            self.last = Some(subscriber);
            match forget(db, lease, subscriber, before, now).await {
                Ok(forgotten) => turn.gone += u64::from(forgotten),
                Err(error) if error.is_of_the_row() => tell(subscriber, &error),
                failed => {
                    told(what, failed);
                    turn.more = false;
                    break;
                }
            }
        }
        if turn.gone > 0 {
            let gone = turn.gone;
            tracing::info!(count = gone, "{gone} people were forgotten who never confirmed");
        }
        turn
    }
}

/// Tells of somebody who was passed over. Without the error's sources: they may repeat what the row holds.
fn tell(id: SubscriberId, error: &Error) {
    tracing::error!(
        subscriber.id = %id,
        %error,
        "subscriber {id}, who never confirmed, cannot be read and is not forgotten; the others are"
    );
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
