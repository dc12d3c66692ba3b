use std::time::Duration;

use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use uuid::Uuid;

/// For any test that does not let it run out.
const TTL: Duration = Duration::from_secs(60 * 60);

/// The lease of the scheduler's role, as the one instance that a test plays has it.
#[expect(clippy::expect_used, reason = "nobody else takes it")]
pub async fn scheduler(db: &Database, now: DateTime<Utc>) -> Lease {
    let lease = lease::acquire(db, "scheduler", Uuid::from_u128(1), TTL, now).await;
    lease.expect("a database that answers").expect("a role that is free")
}
