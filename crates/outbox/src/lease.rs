use std::time::Duration;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{InstanceId, MailboxProvider, MailingNo, Ordinal};

use crate::Error;

/// The right of one worker to submit what it has claimed, until [`expires_at`](Self::expires_at).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub(crate) mailing: MailingNo,
    pub(crate) lane: MailboxProvider,
    pub(crate) holder: InstanceId,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) over: Over,
}

/// What a lease is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// A range of queued rows: a row of `outbox_leases`.
    Range { id: i64, after: Ordinal, to: Ordinal, fence: i64 },
    /// Deferred rows, each of which says by its `due_at` when the lease ends: if the worker is lost, they are due again.
    Rows(Vec<Ordinal>),
}

impl Lease {
    /// When it ends unless it is renewed. Whoever is about to say MAIL FROM or the final dot looks first.
    pub const fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }
}

/// Makes a lease last until `ttl` from now, for its waiting rows and for those that are being submitted. Nothing, if it has
/// ended or another worker has it.
pub async fn renew(db: &Database, lease: &Lease, ttl: Duration, now: DateTime<Utc>) -> Result<Option<Lease>, Error> {
    let _ = (db, lease, ttl, now);
    todo!()
}

/// Ends a lease: what was not begun is at once free for others.
pub async fn release(db: &Database, lease: &Lease, now: DateTime<Utc>) -> Result<(), Error> {
    let _ = (db, lease, now);
    todo!()
}
