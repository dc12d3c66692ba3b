use std::collections::{HashMap, VecDeque};

use domain::MailboxProvider;

/// How many attempts are looked back on, and how many there must be before anything is concluded.
const WINDOW: usize = 200;
const ENOUGH: usize = 50;
/// One in so many refusals that are our own fault is too many: five in a hundred.
const ONE_IN: usize = 20;

/// Counts, for each provider, how often it refuses us for what we are rather than for whom we write to.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    attempts: HashMap<MailboxProvider, VecDeque<bool>>,
}

impl Breaker {
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
        let blocks = window.iter().filter(|blocked| **blocked).count();
        let trips = blocked && window.len() >= ENOUGH && blocks * ONE_IN > window.len();
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
    fn a_provider_with_a_name_speaks_for_all_its_mailboxes() {
        let gmail: MailboxProvider = "gmail".parse().unwrap();
        assert!(!Breaker::default().trips(&gmail, false));
        assert!(Breaker::default().trips(&gmail, true));
    }
}
