use std::time::Duration;

use chrono::TimeDelta;
use domain::{Actor, Clock, MailboxProvider};
use limits::{Class, Settings, pace};
use testkit::{TestDb, both};

use crate::fleet::{Fleet, provider, rate};

const WORD: (&str, &str) = ("rate.messages", "server busy");

fn gmail() -> MailboxProvider {
    "gmail".parse().unwrap()
}

impl Fleet<'_> {
    /// Gmail asks for less; each instance looks what it has said.
    async fn slow(&self, full: i64) {
        let now = self.clock.now();
        pace::slow(self.db.writer(), &gmail(), full, WORD, now, now).await.unwrap();
        self.look().await;
    }

    async fn look(&self) {
        let paces = pace::active(self.db.reader(), self.clock.now()).await.unwrap();
        self.instances.iter().for_each(|instance| drop(instance.adapt(&paces, self.clock.now())));
    }

    /// How many messages to Gmail all instances get in a minute, each of them looking every second.
    async fn minute(&self, classes: &[Class]) -> u32 {
        let mut sum = 0;
        for _ in 0..60 {
            self.look().await;
            for _ in 0..4 {
                for (instance, class) in classes.iter().enumerate() {
                    sum += self.take(instance, class, 1_000).await.n;
                }
                self.clock.advance(Duration::from_millis(250));
            }
        }
        sum
    }
}

both!(
    async fn all_instances_and_a_restarted_one_go_half_as_fast_and_recover_within_the_hour(db: TestDb) {
        let mut fleet = Fleet::new(&db, provider("gmail", rate("10/s")), 2);
        fleet.slow(36_000).await;
        let classes = [fleet.class(0, "gmail", None), fleet.class(1, "gmail", None)];
        let slow = fleet.minute(&classes).await;
        assert!((280..=310).contains(&slow), "{slow} of half of 600");
        fleet.join();
        fleet.look().await;
        let restarted = fleet.class(2, "gmail", None);
        assert_eq!(restarted.rate().unwrap().to_string(), "18600/h", "a sixtieth more after a minute");
        fleet.clock.advance(Duration::from_secs(14 * 60));
        let faster = fleet.minute(&classes).await;
        assert!((435..=465).contains(&faster), "{faster} of three quarters of 600");
        fleet.clock.advance(Duration::from_secs(20 * 60));
        fleet.look().await;
        let classes = [fleet.class(0, "gmail", None), fleet.class(1, "gmail", None)];
        let whole = fleet.minute(&classes).await;
        assert!((590..=615).contains(&whole), "{whole} of 600");
    }
);

both!(
    async fn a_provider_without_a_limit_has_one_until_it_has_recovered_and_others_have_none(db: TestDb) {
        let fleet = Fleet::new(&db, Settings::default(), 1);
        assert!(!fleet.class(0, "gmail", None).is_limited());
        fleet.slow(7_200).await;
        assert_eq!(fleet.class(0, "gmail", None).rate().unwrap().to_string(), "3600/h");
        assert!(!fleet.class(0, "yahoo", None).is_limited());
        fleet.clock.advance(Duration::from_secs(30 * 60));
        fleet.look().await;
        assert!(!fleet.class(0, "gmail", None).is_limited());
    }
);

both!(
    async fn a_word_that_two_instances_hear_counts_once_and_another_minute_later_counts_again(db: TestDb) {
        let fleet = Fleet::new(&db, Settings::default(), 1);
        let slowed = async || pace::last(fleet.db.reader(), &gmail()).await.unwrap().unwrap().slowed;
        fleet.slow(7_200).await;
        fleet.slow(7_200).await;
        assert_eq!(slowed().await, 3_600);
        fleet.clock.advance(Duration::from_secs(60));
        fleet.slow(9_999).await;
        assert_eq!(slowed().await, 1_860);
        // It recovers when a longer pause ends, not before.
        let until = fleet.clock.now() + TimeDelta::hours(2);
        pace::slow(fleet.db.writer(), &gmail(), 1, WORD, until, fleet.clock.now()).await.unwrap();
        assert_eq!(pace::last(fleet.db.reader(), &gmail()).await.unwrap().unwrap().recovers_from, until);
    }
);

both!(
    async fn whoever_lifts_a_pace_is_kept_and_there_is_none_to_lift_twice(db: TestDb) {
        let fleet = Fleet::new(&db, Settings::default(), 1);
        let lift = async || pace::lift(fleet.db.writer(), &gmail(), &Actor::Operator, fleet.clock.now()).await.unwrap();
        assert!(!lift().await);
        fleet.slow(7_200).await;
        assert!(lift().await && !lift().await);
        fleet.look().await;
        assert!(!fleet.class(0, "gmail", None).is_limited());
        assert_eq!(pace::last(fleet.db.reader(), &gmail()).await.unwrap().unwrap().lifted_by, Some(Actor::Operator));
        fleet.slow(7_200).await;
        assert_eq!(pace::last(fleet.db.reader(), &gmail()).await.unwrap().unwrap().lifted_by, None);
    }
);

both!(
    async fn a_provider_comes_back_from_its_pause_with_a_quarter_then_half_then_all(db: TestDb) {
        let fleet = Fleet::new(&db, provider("gmail", rate("10/s")), 1);
        let (now, until) = (fleet.clock.now(), fleet.clock.now() + TimeDelta::hours(1));
        let (db, actor) = (fleet.db.writer(), Actor::rule("share.refusals"));
        limits::pause::set(db, &gmail(), until, "share.refusals", "12 of 200", &actor, now).await.unwrap();
        let pause = limits::pause::active(db, now).await.unwrap().remove(0);
        let pace = pace::ease_in(db, &pause, 36_000, now).await.unwrap().unwrap();
        assert_eq!(
            (pace.rule.as_str(), pace.words.as_str(), pace.recovers_from),
            ("share.refusals", "12 of 200", until)
        );
        assert!(pace::ease_in(db, &pause, 36_000, now).await.unwrap().is_none(), "once for each pause");
        for (minutes, rate) in [(0, 9_000), (15, 18_000), (30, 27_000), (45, 36_000), (300, 36_000)] {
            assert_eq!(pace.per_hour(until + TimeDelta::minutes(minutes)), rate, "after {minutes} minutes");
        }
        assert_eq!(pace.ends_at(), until + TimeDelta::minutes(45));
        // Refused again on the way: from a quarter of the whole once more, and not of what it had come to.
        let again = until + TimeDelta::minutes(30);
        let later = again + TimeDelta::hours(1);
        limits::pause::set(db, &gmail(), later, "share.refusals", "13 of 200", &actor, again).await.unwrap();
        let pause = limits::pause::active(db, again).await.unwrap().remove(0);
        let pace = pace::ease_in(db, &pause, 27_000, again).await.unwrap().unwrap();
        assert_eq!((pace.whole, pace.slowed, pace.recovers_from), (36_000, 9_000, later));
        // Whoever lifts the pause lifts this with it.
        let lifted = limits::lift(fleet.db, &gmail(), &Actor::Operator, again).await.unwrap();
        assert!(lifted && pace::active(db, later).await.unwrap().is_empty());
    }
);
