//! What is used up of one limit, and what of it may be leased: the arithmetic of a row of `budgets`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use database::lease::DISAGREEMENT;

use crate::Limit;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// How far ahead of their time permits are leased: so much of a limit is lost, at most, with an instance that dies, and so
/// often its row is written.
pub(crate) const AHEAD: Duration = Duration::from_millis(250);

/// One limit as counting needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The rate as it is written, or nothing.
    rate: String,
    /// From one permit to the next, in nanoseconds; nought where there is no rate.
    interval: i64,
    burst: i64,
    hourly: i64,
    daily: i64,
}

/// A row of `budgets`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) rate: String,
    /// When the next permit would be due if they went evenly, in nanoseconds since 1970.
    pub(crate) arrival: i64,
    pub(crate) hour: i64,
    pub(crate) hour_spent: i64,
    pub(crate) day: i64,
    pub(crate) day_spent: i64,
}

/// The hour and the day, since 1970, in which permits were leased.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Period {
    hour: i64,
    day: i64,
}

impl Period {
    pub(crate) fn at(time: DateTime<Utc>) -> Self {
        Self { hour: time.timestamp().div_euclid(HOUR), day: day_of(time) }
    }
}

/// Permits that were leased together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leased {
    /// How many may be used at once.
    pub(crate) at_once: u32,
    /// How many may be used later, evenly, the first of them after `wait`.
    pub(crate) later: u32,
    pub(crate) wait: Duration,
}

impl Terms {
    pub(crate) fn of(limit: &Limit) -> Self {
        let quota = |quota: Option<std::num::NonZeroU32>| quota.map_or(i64::MAX, |quota| quota.get().into());
        Self {
            rate: limit.rate.map(|rate| rate.to_string()).unwrap_or_default(),
            // A rate beyond one a nanosecond is no limit to anything we do.
            interval: limit.rate.map_or(0, |rate| nanos(rate.period() / rate.count().get()).max(1)),
            burst: limit.burst().into(),
            hourly: quota(limit.hourly),
            daily: quota(limit.daily),
        }
    }

    /// Of something of which so many may go on each day; any number, where nothing is said.
    pub(crate) fn allow_daily(&mut self, daily: Option<u32>) {
        self.daily = daily.map_or(i64::MAX, i64::from);
    }

    /// Whether what goes in an hour or on a day is counted.
    pub(crate) fn has_quota(&self) -> bool {
        self.hourly != i64::MAX || self.daily != i64::MAX
    }

    /// Whether what was leased then is of an hour or a day that counts and is over by now.
    pub(crate) fn is_over(&self, then: Period, now: Period) -> bool {
        (self.hourly != i64::MAX && then.hour < now.hour) || (self.daily != i64::MAX && then.day < now.day)
    }

    /// From one permit to the next, and how many may go at once, where there is a rate.
    pub(crate) fn pace(&self) -> Option<(Duration, u32)> {
        let burst = u32::try_from(self.burst).unwrap_or(u32::MAX);
        (self.interval > 0).then(|| (duration(self.interval), burst))
    }

    /// Whether permits are counted at all.
    pub(crate) fn meters(&self) -> bool {
        self.interval > 0 || self.has_quota()
    }

    /// How long before its even time a permit may be used.
    fn tolerance(&self) -> i64 {
        (self.burst - 1).saturating_mul(self.interval)
    }
}

impl Budget {
    /// Brings the row to this time and to these terms. A budget that is counted by another rate than before, or by a clock that was
    /// set back since, stays used up, but nobody waits longer than the rate asks.
    pub(crate) fn settle(&mut self, terms: &Terms, now: DateTime<Utc>) {
        let empty = at(now).saturating_add(terms.burst.saturating_mul(terms.interval));
        let is_set_back = self.arrival > empty.saturating_add(nanos(AHEAD + DISAGREEMENT));
        if self.rate != terms.rate || is_set_back {
            self.arrival = self.arrival.min(empty);
            self.rate.clone_from(&terms.rate);
        }
        let (current, latest) = (Period::at(now), Period::at(now + DISAGREEMENT));
        // A clock that is behind another's finds a later hour, and goes by that. One that is later than clocks may disagree was begun
        // by a clock that was set back since: it is the current one, and what is used up of it stays so.
        if self.hour < current.hour {
            (self.hour, self.hour_spent) = (current.hour, 0);
        } else if self.hour > latest.hour {
            self.hour = current.hour;
        }
        if self.day < current.day {
            (self.day, self.day_spent) = (current.day, 0);
        } else if self.day > latest.day {
            self.day = current.day;
        }
    }

    /// How many permits there are, of which the last is due within [`AHEAD`].
    pub(crate) fn available(&self, terms: &Terms, now: DateTime<Utc>) -> i64 {
        let quota = (terms.hourly - self.hour_spent).min(terms.daily - self.day_spent);
        if terms.interval == 0 {
            return quota.max(0);
        }
        let now = at(now);
        let room = now.saturating_add(nanos(AHEAD)).saturating_add(terms.tolerance()) - self.arrival.max(now);
        if room < 0 { 0 } else { quota.min(room / terms.interval + 1).max(0) }
    }

    /// Takes permits.
    pub(crate) fn spend(&mut self, terms: &Terms, permits: u32, now: DateTime<Utc>) -> Leased {
        let n = i64::from(permits);
        self.hour_spent += n;
        self.day_spent += n;
        let first = self.arrival.max(at(now));
        self.arrival = first.saturating_add(n.saturating_mul(terms.interval));
        let early = at(now) - (first - terms.tolerance());
        let at_once = match early.checked_div(terms.interval) {
            _ if n == 0 => 0,
            None => n,
            Some(_) if early < 0 => 0,
            Some(passed) => n.min(passed + 1),
        };
        let wait = at_once.saturating_mul(terms.interval) - early;
        let at_once = u32::try_from(at_once).unwrap_or(permits);
        Leased { at_once, later: permits - at_once, wait: duration(wait) }
    }

    /// Puts permits back that nobody used. They are of the hour and the day in which they were leased, and no more can go in another
    /// for them.
    pub(crate) fn put_back(&mut self, terms: &Terms, permits: i64, of: Period) {
        self.arrival -= permits.saturating_mul(terms.interval);
        if self.hour == of.hour {
            self.hour_spent = (self.hour_spent - permits).max(0);
        }
        if self.day == of.day {
            self.day_spent = (self.day_spent - permits).max(0);
        }
    }

    /// The hour and the day that are counted.
    pub(crate) fn period(&self) -> Period {
        Period { hour: self.hour, day: self.day }
    }

    /// How long it is until asking again gives something.
    pub(crate) fn next(&self, terms: &Terms, now: DateTime<Utc>) -> Duration {
        let until = |end: i64| duration(end.saturating_mul(1_000_000_000) - at(now));
        if self.day_spent >= terms.daily {
            return until((self.day + 1) * DAY);
        }
        if self.hour_spent >= terms.hourly {
            return until((self.hour + 1) * HOUR);
        }
        duration(self.arrival - terms.tolerance() - at(now)).saturating_sub(AHEAD)
    }

    /// How long it is until the next permit may be used.
    pub(crate) fn wait(&self, terms: &Terms, now: DateTime<Utc>) -> Duration {
        let next = self.next(terms, now);
        next.max(duration(self.arrival - terms.tolerance() - at(now)))
    }
}

/// The day (UTC), since 1970.
pub(crate) fn day_of(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(DAY)
}

fn at(time: DateTime<Utc>) -> i64 {
    // Until the year 2262.
    time.timestamp_nanos_opt().unwrap_or(i64::MAX)
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use chrono::TimeDelta;

    use super::*;

    fn start() -> DateTime<Utc> {
        "2026-03-02T09:30:00Z".parse().unwrap()
    }

    fn rate(text: &str) -> Terms {
        Terms::of(&Limit::rate(text.parse().unwrap()))
    }

    #[test]
    fn what_is_leased_is_due_within_a_quarter_of_a_second() {
        let (terms, mut budget) = (rate("20/s"), Budget::default());
        budget.settle(&terms, start());
        // A second's worth at once, and what falls due within the next quarter: after 50, 100, 150, 200 and 250 ms.
        assert_eq!(budget.available(&terms, start()), 25);
        assert_eq!(
            budget.spend(&terms, 25, start()),
            Leased { at_once: 20, later: 5, wait: Duration::from_millis(50) }
        );
        assert_eq!(budget.available(&terms, start()), 0);
        assert_eq!(budget.next(&terms, start()), Duration::from_millis(50));
        assert_eq!(budget.wait(&terms, start()), Duration::from_millis(300));
        let later = start() + TimeDelta::milliseconds(50);
        assert_eq!(budget.available(&terms, later), 1);
        assert_eq!(budget.spend(&terms, 1, later), Leased { at_once: 0, later: 1, wait: Duration::from_millis(250) });
    }

    #[test]
    fn what_is_put_back_may_be_leased_again() {
        let (terms, mut budget) = (rate("1/m"), Budget::default());
        budget.settle(&terms, start());
        budget.spend(&terms, 1, start());
        assert_eq!(budget.available(&terms, start()), 0);
        budget.put_back(&terms, 1, budget.period());
        assert_eq!(budget.available(&terms, start()), 1);
    }

    #[test]
    fn a_quota_is_counted_by_the_hour_and_the_day() {
        let limit = Limit { hourly: NonZeroU32::new(3), daily: NonZeroU32::new(5), ..Limit::default() };
        let (terms, mut budget, mut now) = (Terms::of(&limit), Budget::default(), start());
        let mut left = Vec::new();
        for _ in 0..3 {
            budget.settle(&terms, now);
            let n = budget.available(&terms, now);
            budget.spend(&terms, n as u32, now);
            left.push((n, budget.next(&terms, now).as_secs()));
            now += TimeDelta::hours(1);
        }
        // At 9:30, 10:30 and 11:30.
        assert_eq!(left, [(3, 1_800), (2, 13 * HOUR as u64 + 1_800), (0, 12 * HOUR as u64 + 1_800)]);
        now = start() + TimeDelta::days(1);
        budget.settle(&terms, now);
        assert_eq!(budget.available(&terms, now), 3);
    }

    #[test]
    fn who_set_the_clock_back_waits_no_longer_than_the_rate_asks_and_is_given_nothing() {
        let terms = rate("20/s");
        for ahead in [TimeDelta::hours(3), TimeDelta::minutes(11)] {
            let mut budget = Budget::default();
            budget.settle(&terms, start() + ahead);
            budget.spend(&terms, 25, start() + ahead);
            budget.settle(&terms, start());
            assert_eq!(budget.available(&terms, start()), 5, "what falls due within the next quarter of a second");
            assert_eq!(budget.spend(&terms, 5, start()).at_once, 0);
        }
        // Instances whose clocks disagree by less go by the one that is ahead.
        let mut budget = Budget::default();
        budget.settle(&terms, start() + TimeDelta::minutes(9));
        budget.spend(&terms, 25, start() + TimeDelta::minutes(9));
        budget.settle(&terms, start());
        assert_eq!(budget.available(&terms, start()), 0);
    }

    #[test]
    fn a_quota_that_was_begun_far_ahead_of_its_time_is_the_current_one_and_stays_used_up() {
        let limit = Limit { hourly: NonZeroU32::new(3), daily: NonZeroU32::new(5), ..Limit::default() };
        let terms = Terms::of(&limit);
        for ahead in [TimeDelta::hours(3), TimeDelta::days(40)] {
            let mut budget = Budget::default();
            budget.settle(&terms, start() + ahead);
            budget.spend(&terms, 3, start() + ahead);
            budget.settle(&terms, start());
            let next = budget.next(&terms, start()).as_secs();
            assert_eq!((budget.available(&terms, start()), next), (0, 1_800), "{ahead}");
            let later = start() + TimeDelta::hours(1);
            budget.settle(&terms, later);
            assert_eq!(budget.available(&terms, later), 2, "{ahead}");
            let later = start() + TimeDelta::days(1);
            budget.settle(&terms, later);
            assert_eq!(budget.available(&terms, later), 3, "{ahead}");
        }
        // Instances whose clocks disagree by less go by the one that is ahead.
        let (early, late) = (start() + TimeDelta::minutes(25), start() + TimeDelta::minutes(31));
        let mut budget = Budget::default();
        budget.settle(&terms, late);
        budget.spend(&terms, 3, late);
        budget.settle(&terms, early);
        assert_eq!(budget.next(&terms, early).as_secs(), 300 + HOUR as u64);
    }

    #[test]
    fn another_rate_refills_nothing_and_keeps_nobody_longer_than_it_asks() {
        let (slow, fast) = (rate("1/h"), rate("600/m"));
        let mut budget = Budget::default();
        budget.settle(&slow, start());
        budget.spend(&slow, 1, start());
        for terms in [&fast, &slow, &fast, &slow, &fast] {
            budget.settle(terms, start());
            let there = budget.available(terms, start()) > 0;
            assert!(!there || budget.clone().spend(terms, 1, start()).at_once == 0, "{terms:?}");
        }
        assert_eq!(budget.wait(&fast, start()), Duration::from_millis(100));
    }
}
