//! A rest from all topics of a brand.

use chrono::{DateTime, Utc};
use database::Database;
use domain::{BrandId, SubscriberId};

use crate::Error;

/// The longest pause, in days. Whoever wants a longer one wants to leave.
pub const LONGEST_DAYS: i64 = 365;

/// Sends the person no campaign of the brand until then. Anew, it takes the place of the pause before; nothing changes for
/// who is not on file.
pub async fn set(
    db: &Database,
    subscriber: SubscriberId,
    brand: BrandId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let _ = (db, subscriber, brand, until, now);
    todo!()
}

/// Ends the pause.
pub async fn end(db: &Database, subscriber: SubscriberId, brand: BrandId) -> Result<(), Error> {
    let _ = (db, subscriber, brand);
    todo!()
}
