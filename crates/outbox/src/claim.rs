use std::time::Duration;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{DeliveryKey, EmailAddress, InstanceId, MailboxProvider, SubscriberId};

use crate::{Error, Lease, Mailing};

/// What a worker asks for.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// Who asks.
    pub holder: InstanceId,
    /// The lanes that take nothing now.
    pub blocked: &'a [MailboxProvider],
    /// How many deliveries at most.
    pub limit: u32,
    /// How long the lease lasts.
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
    /// The deliveries, in their order.
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
pub async fn claim(db: &Database, claim: &Claim<'_>, now: DateTime<Utc>) -> Result<Option<Batch>, Error> {
    let _ = (db, claim, now);
    todo!()
}
