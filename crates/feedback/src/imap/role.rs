use std::sync::Arc;
use std::time::Duration;

use database::Database;
use database::lease::{self, Lease};
use domain::{Clock, InstanceId};
use sea_orm::DbErr;

/// How long the role stays with an instance that says nothing any more.
const TTL: Duration = Duration::from_secs(30);

/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(10);

/// The right to read a mailbox. Two that read it would do nothing twice, but everything in vain.
pub(super) struct Role<'a> {
    db: &'a Database,
    clock: &'a Arc<dyn Clock>,
    instance: InstanceId,
    lease: Lease,
}

impl<'a> Role<'a> {
    /// Takes the role of reading the mailbox of this name, unless another instance has it.
    pub(super) async fn take(
        db: &'a Database,
        clock: &'a Arc<dyn Clock>,
        instance: InstanceId,
        mailbox: &str,
    ) -> Result<Option<Self>, DbErr> {
        let lease = lease::acquire(db, &format!("mailbox:{mailbox}"), instance.uuid(), TTL, clock.now()).await?;
        Ok(lease.map(|lease| Self { db, clock, instance, lease }))
    }

    /// Keeps the role, and returns when it is lost.
    pub(super) async fn keep(&mut self) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let now = self.clock.now();
            match lease::acquire(self.db, &self.lease.role, self.instance.uuid(), TTL, now).await {
                Ok(Some(lease)) => self.lease = lease,
                Ok(None) => return,
                // A database that is away for a moment gives the role to nobody else either.
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, role = self.lease.role, "the right to read a mailbox could not be renewed");
                    if self.clock.now() > self.lease.expires_at {
                        return;
                    }
                }
            }
        }
    }

    /// Gives it back, so that the next one need not wait.
    pub(super) async fn give_back(self) {
        if let Err(error) = lease::release(self.db, &self.lease, self.clock.now()).await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, role = self.lease.role, "the right to read a mailbox could not be given back");
        }
    }
}
