use chrono::{DateTime, Utc};
use database::Database;
use domain::InstanceId;

use crate::{Answer, Error};

/// What became of a batch of answers.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Answers that took their delivery to another state.
    pub moved: u64,
    /// Answers that came when they were no longer waited for; kept all the same.
    pub late: u64,
}

/// Writes answers down, counting them in the instance's shard. Telling the same answer twice changes nothing.
pub async fn record(
    db: &Database,
    shard: InstanceId,
    answers: &[Answer],
    now: DateTime<Utc>,
) -> Result<Recorded, Error> {
    let _ = (db, shard, answers, now);
    todo!()
}
