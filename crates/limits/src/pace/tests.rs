use proptest::prelude::*;

use super::*;

fn start() -> DateTime<Utc> {
    "2026-03-02T09:30:00Z".parse().unwrap()
}

fn after(before: Option<&Pace>, full: i64, until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Pace> {
    Pace::after(before, &"gmail".parse().unwrap(), full, ("rule", "words"), until, now)
}

#[test]
fn a_word_halves_the_rate_and_the_same_word_once_more_does_not() {
    let first = after(None, 3_600, start(), start()).unwrap();
    assert_eq!((first.per_hour(start()), first.per_cent(start())), (1_800, 50));
    assert_eq!(after(Some(&first), 9_999, start(), start() + TimeDelta::seconds(59)), None);
    let later = start() + TimeDelta::minutes(1);
    let second = after(Some(&first), 9_999, later, later).unwrap();
    // It had grown by a sixtieth of 3,600.
    assert_eq!((second.whole, second.per_hour(later)), (3_600, 930));
}

#[test]
fn it_grows_by_a_sixtieth_a_minute_from_the_end_of_the_pause_on() {
    let until = start() + TimeDelta::minutes(10);
    let pace = after(None, 6_000, until, start()).unwrap();
    for (minutes, per_hour) in [(0, 3_000), (10, 3_000), (11, 3_100), (39, 5_900), (40, 6_000), (500, 6_000)] {
        assert_eq!(pace.per_hour(start() + TimeDelta::minutes(minutes)), per_hour, "after {minutes} minutes");
    }
    assert_eq!(pace.ends_at(), start() + TimeDelta::minutes(40));
}

#[test]
fn it_is_never_slower_than_one_a_minute_nor_faster_than_before() {
    for (full, slowed) in [(1_000_000, Some(500_000)), (100, Some(60)), (60, None), (30, None), (1, None)] {
        assert_eq!(after(None, full, start(), start()).map(|pace| pace.slowed), slowed, "{full}");
    }
}

proptest! {
    #[test]
    fn whatever_is_said_the_rate_is_back_within_an_hour_and_never_above_itself(
        full in 1i64..10_000_000,
        words in prop::collection::vec((0i64..5_000, 0i64..5_000), 0..30),
    ) {
        let (mut pace, mut now): (Option<Pace>, _) = (None, start());
        for (wait, pause) in words {
            now += TimeDelta::seconds(wait);
            let before = pace.as_ref().map_or(full, |pace| pace.per_hour(now));
            if let Some(next) = after(pace.as_ref(), full, now + TimeDelta::seconds(pause), now) {
                prop_assert_eq!(next.per_hour(now), full.min(SLOWEST.max(before / 2)));
                pace = Some(next);
            }
            prop_assert!(pace.as_ref().is_none_or(|pace| pace.per_hour(now) <= full));
        }
        if let Some(pace) = pace {
            let hour = pace.recovers_from + TimeDelta::minutes(RECOVERY);
            prop_assert_eq!((pace.per_hour(hour), pace.rate(hour)), (full, None));
            prop_assert!(pace.ends_at() <= hour && pace.per_hour(pace.ends_at()) == full);
        }
    }
}
