use chrono::{DateTime, Utc};
use domain::SubscriberId;
use sea_orm::ConnectionTrait;
use serde::Serialize;

use crate::Error;

/// All that is kept here about a person (GDPR art. 15 and 20).
#[derive(Clone, Debug, Serialize)]
pub struct Export {
    /// When it was written.
    pub exported_at: DateTime<Utc>,
}

/// All that is kept here about a person; none if they are not on file.
pub async fn export(
    conn: &impl ConnectionTrait,
    subscriber: SubscriberId,
    now: DateTime<Utc>,
) -> Result<Option<Export>, Error> {
    let _ = (conn, subscriber, now);
    todo!()
}
