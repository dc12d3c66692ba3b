//! What is kept no longer than it is needed.

#[cfg(test)]
mod tests;
mod unconfirmed;

use chrono::{DateTime, TimeDelta, Utc};
use database::lease::Lease;

use super::Shared;
use super::scheduler::{has_time, told};
use crate::config::Span;
use unconfirmed::Unconfirmed;

/// How often everything is gone through. What ended within the hour may wait.
const EVERY: TimeDelta = TimeDelta::hours(1);

/// How much goes in one turn: others wait for it on SQLite. A returned mail may be large.
const MAILS: u64 = 50;
const LINKS: u64 = 500;
const REPORTS: u64 = 500;
const TOKENS: u64 = 500;
const HITS: u64 = 2_000;

/// How many turns a part has in one round.
const TURNS: usize = 20;

/// Removes what is over once an hour, in turns, a few in each round until nothing is left.
#[derive(Debug, Default)]
pub(super) struct Retention {
    clean_at: Option<DateTime<Utc>>,
    unconfirmed: Unconfirmed,
}

impl Retention {
    pub(super) async fn round(&mut self, shared: &Shared, lease: &Lease) {
        let gone = self.forget(shared, lease).await;
        // It stands in SQLite's journal until that is emptied. A reader may have kept it at an earlier round, or when somebody was
        // erased.
        if gone > 0 || shared.db.owes_settling() {
            told("emptying the journal", shared.db.settle().await);
        }
    }

    /// Says how much is gone.
    async fn forget(&mut self, shared: &Shared, lease: &Lease) -> u64 {
        let now = shared.context.now();
        if self.clean_at.is_some_and(|clean_at| now < clean_at + EVERY) {
            return 0;
        }
        let answers = told("forgetting kept answers", accounts::idempotency::sweep(shared.db.writer(), now).await);
        told("forgetting rounds", outbox::round::sweep(shared.db.writer(), now).await);
        let mut round = Turn { gone: answers.unwrap_or_default(), more: false };
        for part in [Part::ReturnedMail, Part::Reports, Part::Tokens, Part::Hits, Part::Unconfirmed, Part::Links] {
            let turns = self.turns(part, shared, lease).await;
            round = Turn { gone: round.gone + turns.gone, more: round.more | turns.more };
        }
        if !round.more {
            self.clean_at = Some(now);
        }
        round.gone
    }

    /// A part takes its turns. What fails is tried again in an hour.
    async fn turns(&mut self, part: Part, shared: &Shared, lease: &Lease) -> Turn {
        let mut turns = Turn { gone: 0, more: true };
        for _ in 0..TURNS {
            if !turns.more || !has_time(shared, lease) {
                break;
            }
            let turn = self.turn(part, shared, lease).await;
            turns = Turn { gone: turns.gone + turn.gone, ..turn };
        }
        turns
    }

    async fn turn(&mut self, part: Part, shared: &Shared, lease: &Lease) -> Turn {
        let (db, now, kept) = (&shared.db, shared.context.now(), &shared.context.config.retention);
        match part {
            Part::ReturnedMail => {
                let Some(before) = ago(now, kept.returned_mail) else { return Turn::default() };
                Turn::of(told("forgetting returned mail", feedback::expire(db.writer(), before, MAILS).await), MAILS)
            }
            Part::Reports => {
                let forgotten = feedback::forget_reports(db.writer(), REPORTS, now).await;
                Turn::of(told("forgetting reports", forgotten), REPORTS)
            }
            Part::Tokens => {
                let forgotten = feedback::webhook::forget_tokens(db.writer(), TOKENS, now).await;
                Turn::of(told("forgetting tokens of webhooks", forgotten), TOKENS)
            }
            Part::Hits => {
                Turn::of(told("forgetting openings and clicks", feedback::tracking::expire(db, HITS, now).await), HITS)
            }
            Part::Unconfirmed => {
                let Some(before) = ago(now, kept.unconfirmed) else { return Turn::default() };
                self.unconfirmed.turn(shared, lease, before, now).await
            }
            Part::Links => {
                Turn::of(told("forgetting links", subscribers::access::sweep(db.writer(), LINKS, now).await), LINKS)
            }
        }
    }
}

#[derive(Copy, Clone, Debug)]
enum Part {
    ReturnedMail,
    Reports,
    Tokens,
    Hits,
    Unconfirmed,
    Links,
}

/// What became of a turn.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
struct Turn {
    /// How much is gone.
    gone: u64,
    /// Whether there may be more.
    more: bool,
}

impl Turn {
    /// Of so much at most; nothing where it failed.
    fn of(gone: Option<u64>, most: u64) -> Self {
        Self { gone: gone.unwrap_or_default(), more: gone == Some(most) }
    }
}

/// The time before which nothing is kept; none if that was before all time.
fn ago(now: DateTime<Utc>, kept: Span) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::from_std(kept.0).ok()?)
}
