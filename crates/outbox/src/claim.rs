mod lane;
mod take;

use std::time::Duration;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{DeliveryKey, EmailAddress, InstanceId, MailboxProvider, MailingNo, SubscriberId};

#[cfg(test)]
pub(crate) use self::lane::choosing;
use crate::dialect::Locked;
use crate::{Error, Lease, Mailing};

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Who asks.
    pub holder: InstanceId,
    /// The lanes that take nothing now; they are not looked into.
    pub blocked: &'a [MailboxProvider],
    /// The lanes of single mailings that take nothing now.
    pub resting: &'a [(MailingNo, MailboxProvider)],
    /// Whether only mail that somebody waits for is asked for.
    pub urgent_only: bool,
    /// How many deliveries at most.
    pub limit: u32,
    /// How long the lease lasts; [`Lease::LONGEST`] at most.
    pub ttl: Duration,
}

/// Deliveries of one lane of one mailing, in the hands of one worker.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The right to submit them.
    pub lease: Lease,
    /// What they belong to.
    pub mailing: Mailing,
    /// Who keeps all these mailboxes.
    pub lane: MailboxProvider,
    /// The deliveries, in their order; never none.
    pub deliveries: Vec<Claimed>,
}

/// A delivery to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// Which one.
    pub key: DeliveryKey,
    /// The person, if on file.
    pub subscriber: Option<SubscriberId>,
    /// The address, where it is not (or not only) the subscriber's.
    pub recipient: Option<EmailAddress>,
    /// How many attempts there were before.
    pub attempts: i32,
    /// What the composer of this kind of mail needs to know; null for a campaign's.
    pub data: serde_json::Value,
}

/// Takes the next deliveries of one lane that is not blocked, or nothing if there are none to be sent now.
///
/// Mail that somebody waits for comes before campaigns; campaigns, and the lanes within each, take turns. Within a lane, what a
/// lost worker left behind comes first, then what was deferred and is due, then what was never tried.
pub async fn claim(db: &Database, claim: &Claim<'_>, now: DateTime<Utc>) -> Result<Option<Batch>, Error> {
    // Deferred rows are taken by their due time, so not in the order in which others lock them.
    database::across_deadlocks(|| claim_once(db, claim, now)).await
}

async fn claim_once(db: &Database, claim: &Claim<'_>, now: DateTime<Utc>) -> Result<Option<Batch>, Error> {
    // Most questions have no answer, and those should not queue for SQLite's one writer.
    if claim.limit == 0 || lane::next(db.reader(), claim, None, now).await?.is_none() {
        return Ok(None);
    }
    // Another worker may be at the lane whose turn it is: take another lane, and wait only if there is none.
    for locked in [Locked::Skip, Locked::Wait] {
        loop {
            let txn = db.begin().await?;
            let Some(lane) = lane::next(&txn, claim, Some(locked), now).await? else {
                txn.rollback().await?;
                break;
            };
            let batch = take::from(&txn, &lane, claim, now).await?;
            txn.commit().await?;
            // A lane may turn out to hold nothing but skipped rows. Its mark has then moved, so that this ends.
            if batch.is_some() {
                return Ok(batch);
            }
        }
    }
    Ok(None)
}
