use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use domain::MailboxProvider;
use limits::{Cause, Share, WINDOW};

/// Of how many messages in a minute a rate is told.
const MEASURABLE: i64 = 10;

/// Counts, for each provider, how often it refuses us for what we are rather than for whom we write to.
///
/// It is this sender's own quick look at the refusals that ask for a pause. Over all of them, and all instances, looks
/// `campaigns::Watch`.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    attempts: HashMap<MailboxProvider, VecDeque<bool>>,
    /// When the last attempts ended, without regard to pauses.
    ended: HashMap<MailboxProvider, VecDeque<DateTime<Utc>>>,
}

impl Breaker {
    /// Notes when an attempt ended.
    pub(crate) fn note(&mut self, provider: &MailboxProvider, at: DateTime<Utc>) {
        let window = self.ended.entry(provider.clone()).or_default();
        window.push_back(at);
        if window.len() > WINDOW {
            window.pop_front();
        }
    }

    /// How many messages an hour a provider gets from here, by those of the last minute; nothing where they are too few to tell.
    pub(crate) fn per_hour(&self, provider: &MailboxProvider, now: DateTime<Utc>) -> Option<i64> {
        let recent = self.ended.get(provider).into_iter().flatten().filter(|at| now - **at < TimeDelta::minutes(1));
        let (count, first) = recent.fold((0_i64, now), |(count, first), at| (count + 1, first.min(*at)));
        // So short a time that it says nothing is taken for a second.
        let time = (now - first).num_milliseconds().max(1_000);
        (count >= MEASURABLE).then(|| count * 3_600_000 / time)
    }

    /// Notes an attempt; says whether it is time to leave the provider alone.
    ///
    /// A provider that is known by name speaks for all its mailboxes, so one block is enough. `other` is thousands of strangers:
    /// there it takes a share of them.
    pub(crate) fn trips(&mut self, provider: &MailboxProvider, blocked: bool) -> bool {
        if *provider != MailboxProvider::other() {
            return blocked;
        }
        let window = self.attempts.entry(provider.clone()).or_default();
        window.push_back(blocked);
        if window.len() > WINDOW {
            window.pop_front();
        }
        let share = Share::of_last(window.iter().rev().copied());
        let trips = blocked && Cause::Refusals.judge(share).is_some();
        if trips {
            // After the pause it is judged anew.
            window.clear();
        }
        trips
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stranger_stops_nobody_but_a_share_of_them_does() {
        let (mut breaker, other) = (Breaker::default(), MailboxProvider::other());
        assert!(!breaker.trips(&other, true));
        for _ in 0..60 {
            assert!(!breaker.trips(&other, false));
        }
        assert!(!breaker.trips(&other, true));
        assert!(!breaker.trips(&other, true));
        assert!(breaker.trips(&other, true));
        assert!(!breaker.trips(&other, true), "it begins anew");
    }

    #[test]
    fn the_pace_is_that_of_the_last_minute() {
        let (mut breaker, gmail) = (Breaker::default(), "gmail".parse().unwrap());
        let start: DateTime<Utc> = "2026-03-02T09:30:00Z".parse().unwrap();
        for at in 0..9 {
            breaker.note(&gmail, start - TimeDelta::seconds(30 + at));
        }
        assert_eq!(breaker.per_hour(&gmail, start), None);
        for at in 0..100 {
            breaker.note(&gmail, start + TimeDelta::milliseconds(100 * at));
        }
        assert_eq!(breaker.per_hour(&gmail, start + TimeDelta::seconds(40)), Some(9_000));
        assert_eq!(breaker.per_hour(&gmail, start + TimeDelta::seconds(90)), None);
    }

    #[test]
    fn a_provider_with_a_name_speaks_for_all_its_mailboxes() {
        let gmail: MailboxProvider = "gmail".parse().unwrap();
        assert!(!Breaker::default().trips(&gmail, false));
        assert!(Breaker::default().trips(&gmail, true));
    }
}
