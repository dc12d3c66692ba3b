use chrono::{DateTime, Utc};
use database::Database;
use domain::DeliveryKey;

use crate::{Error, Lease};

/// A delivery that may now be offered to a relay.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Submitted {
    /// Which one.
    pub key: DeliveryKey,
    /// Which attempt it is, counted from 1; the answer names it.
    pub attempt: i32,
}

/// Writes down, before MAIL FROM, that these deliveries of a claimed batch are being submitted.
///
/// Only those that come back may be sent. The others were taken, skipped or erased meanwhile; if none comes back, the lease
/// has ended or the mailing is held.
pub async fn submit(
    db: &Database,
    lease: &Lease,
    keys: &[DeliveryKey],
    now: DateTime<Utc>,
) -> Result<Vec<Submitted>, Error> {
    let _ = (db, lease, keys, now);
    todo!()
}
