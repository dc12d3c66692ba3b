//! What is kept no longer than it is needed.

#[cfg(test)]
mod tests;
mod unconfirmed;

use chrono::{DateTime, TimeDelta, Utc};
use database::lease::Lease;

use super::Shared;
use super::scheduler::{has_time, told};
use crate::config::Span;

/// How often everything is gone through. What ended within the hour may wait.
const EVERY: TimeDelta = TimeDelta::hours(1);

/// How much goes in one turn: others wait for it on SQLite. A returned mail may be large.
const MAILS: u64 = 50;
const LINKS: u64 = 500;
const REPORTS: u64 = 500;

/// How many turns a part has in one round.
const TURNS: usize = 20;

/// Removes what is over once an hour, in turns, a few in each round until nothing is left.
#[derive(Debug, Default)]
pub(super) struct Retention {
    clean_at: Option<DateTime<Utc>>,
}

impl Retention {
    pub(super) async fn round(&mut self, shared: &Shared, lease: &Lease) {
        let now = shared.context.now();
        if self.clean_at.is_some_and(|clean_at| now < clean_at + EVERY) {
            return;
        }
        told("forgetting kept answers", accounts::idempotency::sweep(shared.db.writer(), now).await);
        let mut left = false;
        for part in [Part::ReturnedMail, Part::Reports, Part::Unconfirmed, Part::Links] {
            left |= part.turns(shared, lease).await;
        }
        if !left {
            self.clean_at = Some(now);
        }
    }
}

#[derive(Copy, Clone, Debug)]
enum Part {
    ReturnedMail,
    Reports,
    Unconfirmed,
    Links,
}

impl Part {
    /// Takes its turns, and says whether something is left. What fails is tried again in an hour.
    async fn turns(self, shared: &Shared, lease: &Lease) -> bool {
        for _ in 0..TURNS {
            if !has_time(shared, lease) {
                return true;
            }
            if !self.turn(shared, lease).await {
                return false;
            }
        }
        true
    }

    async fn turn(self, shared: &Shared, lease: &Lease) -> bool {
        let (db, now, kept) = (&shared.db, shared.context.now(), &shared.context.config.retention);
        match self {
            Self::ReturnedMail => {
                let Some(before) = ago(now, kept.returned_mail) else { return false };
                told("forgetting returned mail", feedback::expire(db.writer(), before, MAILS).await) == Some(MAILS)
            }
            Self::Reports => {
                told("forgetting reports", feedback::forget_reports(db.writer(), REPORTS, now).await) == Some(REPORTS)
            }
            Self::Unconfirmed => {
                let Some(before) = ago(now, kept.unconfirmed) else { return false };
                unconfirmed::turn(shared, lease, before, now).await
            }
            Self::Links => {
                told("forgetting links", subscribers::access::sweep(db.writer(), LINKS, now).await) == Some(LINKS)
            }
        }
    }
}

/// The time before which nothing is kept; none if that was before all time.
fn ago(now: DateTime<Utc>, kept: Span) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::from_std(kept.0).ok()?)
}
