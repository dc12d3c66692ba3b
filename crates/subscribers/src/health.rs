use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, SubscriberId};
use sea_orm::ConnectionTrait;

use crate::Error;
use crate::suppression::Reason;

/// What a failure or a complaint did to a person's standing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it is not their fault, or it was counted today already, or they are not on file.
    None,
    /// It was counted; so many stand against the limit now.
    Counted(i32),
    /// The domain was not found for the first time; a second day must say so too.
    Noted,
    /// The address is not mailed any more.
    Suppressed(Reason),
}

/// Counts a delivery that failed, in the caller's transaction.
pub async fn record_failure(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: BrandId,
    verdict: &verdict::Verdict,
    now: DateTime<Utc>,
) -> Result<Effect, Error> {
    let _ = (conn, subscriber, brand, verdict, now);
    todo!()
}

/// Notes that a mail has reached the person: sent with no failure for five days, or clicked, or answered.
pub async fn record_success(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let _ = (conn, subscriber, now);
    todo!()
}

/// The person called our mail spam: this brand writes no more, in the caller's transaction.
pub async fn record_complaint(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    brand: BrandId,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<Effect, Error> {
    let _ = (conn, subscriber, brand, actor, now);
    todo!()
}
