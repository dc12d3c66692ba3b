//! Permits by a clock that stands still until it is moved.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

use std::sync::Arc;
use std::time::Duration;

use domain::MailboxProvider;
use limits::{Granted, Limits, Settings};
use proptest::prelude::*;
use testkit::ManualClock;

const STEP: Duration = Duration::from_millis(10);

fn provider(name: &str) -> MailboxProvider {
    name.parse().unwrap()
}

fn settings(global: Option<&str>, providers: &[(&str, &str)]) -> Settings {
    Settings {
        global: global.map(|text| text.parse().unwrap()),
        providers: providers.iter().map(|(name, text)| (provider(name), text.parse().unwrap())).collect(),
    }
}

fn start(settings: Settings) -> (Arc<ManualClock>, Limits) {
    let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
    (clock.clone(), Limits::new(settings, clock))
}

/// How many permits an eager worker gets in so long a time.
fn eagerly(clock: &ManualClock, limits: &Limits, who: &MailboxProvider, time: Duration) -> u32 {
    let steps = time.as_millis() / STEP.as_millis();
    (0..steps).fold(0, |sum, _| {
        let granted = limits.permits(who, 1_000);
        clock.advance(STEP);
        sum + granted.n
    })
}

#[test]
fn the_rate_holds_within_two_in_a_hundred_over_ten_minutes() {
    for text in ["1/m", "90/m", "7/s", "5000/h", "100000/d", "450/s"] {
        let (clock, limits) = start(settings(Some(text), &[]));
        let throttle: domain::Throttle = text.parse().unwrap();
        let burst = throttle.per_second().max(1.0);
        let sent = f64::from(eagerly(&clock, &limits, &provider("gmail"), Duration::from_secs(600)));
        let asked = throttle.per_second() * 600.0;
        assert!(sent <= asked + burst, "{text}: {sent} of {asked}");
        assert!(sent >= asked * 0.98, "{text}: {sent} of {asked}");
    }
}

#[test]
fn no_second_sees_more_than_two_seconds_worth() {
    let (clock, limits) = start(settings(Some("20/s"), &[]));
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(limits.permits(&provider("gmail"), 1_000).n, 20, "an idle hour saves up one second and no more");
    assert_eq!(eagerly(&clock, &limits, &provider("gmail"), Duration::from_secs(1)), 19);
}

#[test]
fn without_a_limit_everything_goes() {
    let (_, limits) = start(Settings::default());
    assert_eq!(limits.permits(&provider("gmail"), 1_000), Granted { n: 1_000, wait: Duration::ZERO });
    assert_eq!(limits.rate(&provider("gmail")), None);
}

#[test]
fn nothing_asked_is_nothing_granted() {
    let (_, limits) = start(settings(Some("1/m"), &[("gmail", "1/h")]));
    assert_eq!(limits.permits(&provider("gmail"), 0), Granted { n: 0, wait: Duration::ZERO });
    assert_eq!(limits.permits(&provider("gmail"), 1).n, 1);
}

#[test]
fn waiting_as_told_gets_the_next_permit() {
    let (clock, limits) = start(settings(None, &[("gmail", "1/m")]));
    let gmail = provider("gmail");
    assert_eq!(limits.permits(&gmail, 3), Granted { n: 1, wait: Duration::from_secs(60) });
    clock.advance(Duration::from_secs(60) - Duration::from_millis(1));
    assert_eq!(limits.permits(&gmail, 3), Granted { n: 0, wait: Duration::from_millis(1) });
    clock.advance(Duration::from_millis(1));
    assert_eq!(limits.permits(&gmail, 3).n, 1);
}

#[test]
fn a_slow_provider_takes_nothing_from_the_others() {
    let (clock, limits) = start(settings(Some("100/s"), &[("gmail", "1/m")]));
    let minute = Duration::from_secs(60);
    let mut others = 0;
    for _ in 0..minute.as_millis() / STEP.as_millis() {
        limits.permits(&provider("gmail"), 50);
        others += limits.permits(&provider("yahoo"), 50).n;
        clock.advance(STEP);
    }
    assert!(others >= 5_990, "{others}");
}

#[test]
fn what_the_global_limit_refuses_is_not_lost_to_the_provider() {
    let (clock, limits) = start(settings(Some("1/m"), &[("gmail", "60/m")]));
    let gmail = provider("gmail");
    assert_eq!(limits.permits(&gmail, 1).n, 1);
    clock.advance(Duration::from_secs(10));
    assert_eq!(limits.permits(&gmail, 1), Granted { n: 0, wait: Duration::from_secs(50) });
    limits.change(settings(None, &[("gmail", "60/m")]));
    assert_eq!(limits.permits(&gmail, 1).n, 1);
}

#[test]
fn permits_given_back_may_be_taken_again() {
    let (_, limits) = start(settings(Some("10/s"), &[("gmail", "5/s")]));
    let gmail = provider("gmail");
    assert_eq!(limits.permits(&gmail, 9).n, 5);
    limits.give_back(&gmail, 3);
    assert_eq!(limits.permits(&gmail, 9).n, 3);
}

#[test]
fn asking_how_long_takes_nothing() {
    let (_, limits) = start(settings(Some("1/m"), &[]));
    let gmail = provider("gmail");
    assert_eq!(limits.wait(&gmail), Duration::ZERO);
    assert_eq!(limits.permits(&gmail, 1).n, 1);
    assert_eq!(limits.wait(&gmail), Duration::from_secs(60));
}

#[test]
fn an_edited_limit_binds_at_once() {
    let (clock, limits) = start(settings(Some("1/h"), &[]));
    let gmail = provider("gmail");
    assert_eq!(limits.permits(&gmail, 1).n, 1);
    limits.change(settings(Some("600/m"), &[]));
    assert_eq!(limits.permits(&gmail, 1), Granted { n: 0, wait: Duration::from_millis(100) });
    clock.advance(Duration::from_millis(100));
    assert_eq!(limits.permits(&gmail, 1).n, 1);
    limits.change(settings(Some("1/m"), &[]));
    assert!(eagerly(&clock, &limits, &gmail, Duration::from_secs(120)) <= 3);
}

#[test]
fn editing_to_and_fro_refills_nothing() {
    let (_, limits) = start(settings(Some("10/s"), &[]));
    let gmail = provider("gmail");
    assert_eq!(limits.permits(&gmail, 100).n, 10);
    for text in ["11/s", "10/s"].repeat(10) {
        limits.change(settings(Some(text), &[]));
        assert_eq!(limits.permits(&gmail, 100).n, 0, "{text}");
    }
}

proptest! {
    /// Two limits, any asking in any rhythm: neither is ever overspent.
    #[test]
    fn no_limit_is_overspent(
        global in 1u32..50, narrow in 1u32..50,
        acts in prop::collection::vec((any::<bool>(), 0u32..40, 0u64..700), 1..80),
    ) {
        let (clock, limits) = start(settings(
            Some(&format!("{global}/s")), &[("gmail", &format!("{narrow}/s"))],
        ));
        let (mut all, mut gmail, mut time) = (0, 0, 0.0);
        for (to_gmail, ask, pause) in acts {
            let granted = limits.permits(&provider(if to_gmail { "gmail" } else { "other" }), ask);
            prop_assert!(granted.n <= ask);
            prop_assert_eq!(granted.wait.is_zero(), granted.n == ask);
            all += granted.n;
            gmail += if to_gmail { granted.n } else { 0 };
            prop_assert!(f64::from(all) <= f64::from(global) * (time + 1.0) + 0.001);
            prop_assert!(f64::from(gmail) <= f64::from(narrow) * (time + 1.0) + 0.001);
            clock.advance(Duration::from_millis(pause));
            time += Duration::from_millis(pause).as_secs_f64();
        }
    }
}
