//! How a mailbox is read for as long as the instance runs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use domain::{Clock, InstanceId};
use links::Links;
use tokio_util::sync::CancellationToken;

use super::error::Error;
use super::memory::Memory;
use super::opening::open;
use super::role::Role;
use super::round::Round;
use super::{Mailbox, Settings};

/// How often an instance that does not read the mailbox looks whether it should.
const LOOKS: Duration = Duration::from_secs(5);

/// How long a server that fails is left alone: at first, and at most.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// How long the mail that is under way may take when the instance ends.
const GRACE: Duration = Duration::from_secs(3);

/// What reads a mailbox. Of all instances whose readers have a mailbox of the same name, one reads it.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) mailbox: Mailbox,
    pub(super) db: Database,
    pub(super) links: Links,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) instance: InstanceId,
}

/// Why it is not read any more.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Ended {
    /// Another instance reads it.
    NotOurs,
    /// The instance ends.
    Stopped,
}

impl Reader {
    /// A reader of this mailbox, for an instance.
    pub fn new(mailbox: Mailbox, db: Database, links: Links, clock: Arc<dyn Clock>, instance: InstanceId) -> Self {
        Self { mailbox, db, links, clock, instance }
    }

    /// Reads until `shutdown` is cancelled. The mail that is under way then is finished.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut memory = Memory::default();
        let mut failures = 0;
        while !shutdown.is_cancelled() {
            let rest = match self.turn(&mut memory, &mut failures, &shutdown).await {
                Ok(Ended::Stopped) => break,
                Ok(Ended::NotOurs) => LOOKS,
                Err(error) => {
                    let rest = rest_after(failures);
                    failures = failures.saturating_add(1);
                    let (name, error): (_, &dyn std::error::Error) = (self.mailbox.name(), &error);
                    let server = self.mailbox.server();
                    tracing::warn!(
                        mailbox = name,
                        %server,
                        error,
                        "the mailbox {name} cannot be read and is tried again in {} s",
                        rest.as_secs()
                    );
                    rest
                }
            };
            self.measure(false);
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
        self.measure(false);
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.mailbox.settings
    }

    /// Takes the role and reads, until one of the two ends.
    async fn turn(
        &self,
        memory: &mut Memory,
        failures: &mut u32,
        shutdown: &CancellationToken,
    ) -> Result<Ended, Error> {
        let taken = Role::take(&self.db, &self.clock, self.instance, self.mailbox.name()).await?;
        let Some(mut role) = taken else { return Ok(Ended::NotOurs) };
        let ended = tokio::select! {
            ended = self.read(memory, failures, shutdown) => ended,
            () = role.keep() => {
                tracing::warn!(mailbox = self.mailbox.name(), "another instance reads the mailbox {} now", self.mailbox.name());
                return Ok(Ended::NotOurs);
            }
            () = overdue(shutdown) => Ok(Ended::Stopped),
        };
        role.give_back().await;
        ended
    }

    async fn read(
        &self,
        memory: &mut Memory,
        failures: &mut u32,
        shutdown: &CancellationToken,
    ) -> Result<Ended, Error> {
        let settings = self.settings();
        let mut session = open(settings, &self.mailbox.tls).await?;
        for folder in [&settings.processed, &settings.unreadable] {
            session.provide(folder).await?;
        }
        tracing::info!(mailbox = settings.name, server = %settings.server, "the mailbox {} is read", settings.name);
        self.measure(true);
        while !shutdown.is_cancelled() {
            let (moved, stuck) = (BTreeSet::new(), BTreeSet::new());
            let round = Round { reader: self, session: &mut session, memory, moved, stuck, refusal: None };
            round.run(shutdown).await?;
            *failures = 0;
            (session, _) = session.wait(settings.poll, shutdown.cancelled()).await?;
        }
        session.leave().await;
        Ok(Ended::Stopped)
    }

    /// Says whether this instance reads it.
    fn measure(&self, is_up: bool) {
        metrics::gauge!("eshot_mailbox_up", "mailbox" => self.mailbox.name().to_owned()).set(if is_up {
            1.0
        } else {
            0.0
        });
    }
}

/// Resolves when the instance should have ended.
async fn overdue(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// A second, then twice as long each time.
fn rest_after(failures: u32) -> Duration {
    FIRST_REST.saturating_mul(1 << failures.min(16)).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_fails_is_left_alone_for_twice_as_long_each_time() {
        let rests: Vec<_> = (0..8).map(|failures| rest_after(failures).as_secs()).collect();
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
    }
}
