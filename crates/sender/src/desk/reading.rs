//! Reading who is behind a claimed batch, beside the rounds: what takes the time of many messages is not to keep workers waiting.

use std::collections::VecDeque;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{MailboxProvider, SubscriberId};
use outbox::{Batch, Claimed, Lease};
use subscribers::who_may_be_mailed;
use tokio_util::task::AbortOnDropHandle;

use super::Desk;
use crate::Error;
use crate::compose::{self, Read, Stationery};
use crate::holding::{self, Deadline, Holding};
use crate::stage::Stage;

/// A claimed batch that is being read.
pub(super) struct Reading {
    pub(super) lease: Lease,
    pub(super) lane: MailboxProvider,
    pub(super) stationery: Arc<Stationery>,
    /// When it was claimed and its reading was begun, by uptime.
    begun_at: Duration,
    task: AbortOnDropHandle<Result<Read, Error>>,
}

impl Reading {
    pub(super) fn begin(
        db: &Database,
        batch: Batch,
        stationery: Arc<Stationery>,
        uptime: Duration,
        now: DateTime<Utc>,
    ) -> Self {
        let read = read(db.clone(), Arc::clone(&stationery), batch.deliveries, now);
        Self {
            lease: batch.lease,
            lane: batch.lane,
            stationery,
            begun_at: uptime,
            task: AbortOnDropHandle::new(tokio::spawn(async { Stage::Desk.during(read).await })),
        }
    }
}

impl Desk {
    /// Takes in what was being read, if that is done or there is nothing else that may go.
    pub(super) async fn take_in_what_is_read(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        let idle = self.ready_pieces() == 0;
        match self.reading.take_if(|reading| idle || reading.task.is_finished()) {
            Some(reading) => self.take_in(reading, now).await,
            None => Ok(()),
        }
    }

    /// Takes a batch in hand, once it is read. What cannot be read stays claimed, so that it is not tried again before the lease has
    /// run out: it may be one person of the batch, and is not to stop all others.
    pub(super) async fn take_in(&mut self, reading: Reading, now: DateTime<Utc>) -> Result<(), Error> {
        let read = reading.task.await.unwrap_or_else(|ended| match ended.try_into_panic() {
            // What it is part of is to fall over as well.
            Ok(panic) => panic::resume_unwind(panic),
            Err(_) => Ok(Read::default()),
        })?;
        self.skip(&read.skipped).await?;
        if self.paused.contains(&reading.lane) {
            // Since it was claimed.
            return Ok(outbox::release(&self.parts.db, &reading.lease, now).await?);
        }
        // By the limits of this moment, not by those of when it was claimed.
        let exits = self.exits(&reading.stationery, &reading.lane);
        let mut pieces = VecDeque::from(read.pieces);
        pieces.truncate(self.ahead(&exits));
        self.last_holding += 1;
        self.holdings.push(Holding {
            id: self.last_holding,
            deadline: Deadline::new(reading.begun_at, self.settings.lease),
            lease: reading.lease,
            lane: reading.lane,
            exits,
            turn: 0,
            stationery: reading.stationery,
            pieces,
            open: 0,
            looked_at: reading.begun_at,
        });
        Ok(())
    }
}

/// Reads what the claimed deliveries need, of those who may be mailed.
async fn read(
    db: Database,
    stationery: Arc<Stationery>,
    claimed: Vec<Claimed>,
    now: DateTime<Utc>,
) -> Result<Read, Error> {
    let (kind, scope) = (stationery.mailing.kind, holding::scope(&stationery));
    let ids: Vec<SubscriberId> = claimed.iter().filter_map(|claimed| claimed.subscriber).collect();
    let (answers, people) = who_may_be_mailed(db.reader(), kind, &scope, &ids, now).await?;
    let mut skipped = Vec::new();
    let may = claimed.into_iter().filter(|claimed| {
        let why_not = answers.why_not_to(kind, claimed.subscriber);
        skipped.extend(why_not.map(|why| (claimed.key, why.to_string())));
        why_not.is_none()
    });
    let may = may.collect();
    let mut read = compose::read(db.reader(), &stationery, may, people, now).await?;
    read.skipped.extend(skipped);
    Ok(read)
}
