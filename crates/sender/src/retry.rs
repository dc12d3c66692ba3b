//! When to try again.

use std::time::Duration;

use domain::DeliveryKey;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The first steps suit greylisting (RFC 6647 §4.3: same sender, same recipient, some minutes later), the later ones a
/// mailbox that is full or a server that is down (RFC 5321 §4.5.4.1: half an hour and more, for days).
const STEPS: [u64; 7] = [5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR];

/// A server that asks for more than this is not believed.
const LONGEST_HINT: Duration = Duration::from_secs(24 * HOUR);

/// The waits between the tries of one delivery, and their end.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    give_up: Duration,
}

impl Ladder {
    /// A ladder that ends when the waits together reach `give_up`.
    pub const fn new(give_up: Duration) -> Self {
        Self { give_up }
    }

    /// How long to wait after try number `tried` was put off, or nothing if that was the last one. Tries are counted from 1; what
    /// no relay was offered is none.
    ///
    /// The wait is spread by up to a tenth either way, so that what was put off together does not come back together; the
    /// same delivery and try always get the same wait. If the server named a longer one, it gets that.
    pub fn after(&self, key: DeliveryKey, tried: i32, words: &str) -> Option<Duration> {
        let done = usize::try_from(tried).unwrap_or_default().max(1);
        let waited: u64 = (0..done - 1).map(step).sum();
        let wait = step(done - 1);
        if Duration::from_secs(waited + wait) > self.give_up {
            return None;
        }
        let wait = Duration::from_secs(wait).mul_f64(spread(key, tried));
        Some(hint(words).map_or(wait, |hint| wait.max(hint.min(LONGEST_HINT))))
    }
}

impl Default for Ladder {
    /// Three days.
    fn default() -> Self {
        Self::new(Duration::from_secs(72 * HOUR))
    }
}

fn step(number: usize) -> u64 {
    STEPS.get(number).or(STEPS.last()).copied().unwrap_or(HOUR)
}

/// From 0.9 to 1.1, by a hash that is the same on every machine and in every build.
fn spread(key: DeliveryKey, tried: i32) -> f64 {
    // FNV-1a: short, and good enough to tell neighbours apart.
    let bytes = [key.mailing.0.to_le_bytes(), key.ordinal.0.to_le_bytes(), i64::from(tried).to_le_bytes()];
    let hash = bytes
        .as_flattened()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let share = u32::try_from((hash >> 32) % 10_001).map_or(0.5, |share| f64::from(share) / 10_000.0);
    0.9 + 0.2 * share
}

/// The wait that a server asks for, as in *try again in 15 minutes* or *retry after 300 seconds*.
fn hint(words: &str) -> Option<Duration> {
    let words: Vec<String> = words.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    words.windows(3).find_map(|three| {
        let [before, number, unit] = three else { return None };
        if !matches!(*before, "in" | "after" | "for" | "wait" | "least") {
            return None;
        }
        let seconds = match *unit {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
            "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
            _ => return None,
        };
        Some(Duration::from_secs(number.parse::<u32>().ok()?.into()) * u32::try_from(seconds).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use domain::{MailingNo, Ordinal};
    use proptest::prelude::*;

    use super::*;

    fn key(ordinal: i64) -> DeliveryKey {
        DeliveryKey::new(MailingNo(7), Ordinal(ordinal))
    }

    #[test]
    fn the_waits_grow_and_end_after_three_days() {
        let ladder = Ladder::default();
        let minutes: Vec<_> =
            (1..).map_while(|attempt| ladder.after(key(1), attempt, "")).map(|wait| wait.as_secs() / 60).collect();
        let nominal = [5, 15, 30, 60, 120, 240, 480, 480, 480, 480, 480, 480, 480, 480];
        assert_eq!(minutes.len(), nominal.len());
        for (minutes, nominal) in minutes.into_iter().zip(nominal) {
            assert!((nominal * 9 / 10..=nominal * 11 / 10).contains(&minutes), "{minutes} for {nominal}");
        }
    }

    #[test]
    fn what_was_put_off_together_does_not_come_back_together() {
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|ordinal| Ladder::default().after(key(ordinal), 1, "").unwrap()).collect();
        assert!(waits.len() > 90);
        let spread = *waits.last().unwrap() - *waits.first().unwrap();
        assert!(spread > Duration::from_secs(45), "{spread:?}");
    }

    #[test]
    fn a_server_that_names_a_time_gets_it_unless_it_is_shorter_or_absurd() {
        let after = |words| Ladder::default().after(key(1), 1, words).unwrap();
        assert_eq!(after("greylisted, try again in 45 minutes"), Duration::from_secs(45 * 60));
        assert_eq!(after("Please retry after 3600 seconds."), Duration::from_secs(3600));
        assert_eq!(after("wait 10 sec"), after(""));
        assert_eq!(after("try again in 9999 hours"), LONGEST_HINT);
        assert_eq!(after("rejected, see rule 15 minutes of fame"), after(""));
    }

    proptest! {
        #[test]
        fn any_words_and_any_attempt_are_survived(words in ".{0,80}", attempt: i32) {
            let attempt = attempt % 1_000;
            let ladder = Ladder::default();
            let first = ladder.after(key(3), attempt, &words);
            prop_assert_eq!(first, ladder.after(key(3), attempt, &words));
            prop_assert!(first.is_none_or(|wait| wait <= LONGEST_HINT));
        }
    }
}
