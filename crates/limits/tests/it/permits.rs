use std::num::NonZeroU32;
use std::time::Duration;

use domain::{CampaignId, Clock, Throttle};
use limits::{Class, Granted, Limit, Settings};
use testkit::{TestDb, both};

use crate::fleet::{Fleet, provider, rate};

const STEP: Duration = Duration::from_millis(10);

fn relay(text: &str) -> Settings {
    Settings { relay: rate(text), ..Settings::default() }
}

both!(
    async fn the_rate_holds_within_two_in_a_hundred_over_ten_minutes(db: TestDb) {
        for (text, step) in [("1/m", 500), ("90/m", 10), ("7/s", 50), ("5000/h", 20), ("450/s", 100)] {
            let fleet = Fleet::new(&db, provider("gmail", rate(text)), 1);
            let throttle: Throttle = text.parse().unwrap();
            let class = fleet.class(0, "gmail", None);
            // What an earlier round has used up is over.
            fleet.clock.advance(Duration::from_secs(7_200));
            let time = Duration::from_secs(600);
            let sent = f64::from(fleet.eagerly(0, &class, time, Duration::from_millis(step)).await);
            let (asked, burst) = (throttle.per_second() * 600.0, throttle.per_second().max(1.0));
            assert!(sent <= asked + burst, "{text}: {sent} of {asked}");
            assert!(sent >= asked * 0.98, "{text}: {sent} of {asked}");
            sea_orm::ConnectionTrait::execute_unprepared(fleet.db.writer(), "DELETE FROM budgets").await.unwrap();
        }
    }
);

both!(
    async fn two_instances_share_one_rate(db: TestDb) {
        let fleet = Fleet::new(&db, relay("20/s"), 2);
        let classes = [fleet.class(0, "gmail", None), fleet.class(1, "yahoo", None)];
        let (mut sent, mut by_second) = ([0, 0], Vec::new());
        for second in 0..60 {
            by_second.push(0);
            for _ in 0..50 {
                for instance in 0..2 {
                    let n = fleet.take(instance, &classes[instance], 50).await.n;
                    sent[instance] += n;
                    by_second[second] += n;
                }
                fleet.clock.advance(Duration::from_millis(20));
            }
        }
        let all = sent[0] + sent[1];
        assert!((1_176..=1_220).contains(&all), "{sent:?}");
        assert!(sent.iter().all(|sent| *sent > 200), "neither starves: {sent:?}");
        // The burst of a second, and what was leased for the next quarter of one.
        assert!(by_second[0] <= 40 && by_second[1..].iter().all(|n| *n <= 30), "{by_second:?}");
    }
);

both!(
    async fn one_a_minute_is_one_a_minute_for_three_instances(db: TestDb) {
        let fleet = Fleet::new(&db, relay("1/m"), 3);
        let classes: Vec<Class> = (0..3).map(|at| fleet.class(at, "gmail", None)).collect();
        let mut at = Vec::new();
        for second in 0..600 {
            for (instance, class) in classes.iter().enumerate() {
                at.extend((0..fleet.take(instance, class, 5).await.n).map(|_| second));
            }
            fleet.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(at.len(), 10, "{at:?}");
        assert!(at.windows(2).all(|two| two[1] - two[0] >= 60), "{at:?}");
    }
);

both!(
    async fn a_restart_refills_nothing(db: TestDb) {
        let mut fleet = Fleet::new(&db, relay("10/s"), 1);
        let class = fleet.class(0, "gmail", None);
        let mut sent = fleet.take(0, &class, 1_000).await.n;
        assert_eq!(sent, 10);
        for restart in 1..=20 {
            // The old one is killed: it gives nothing back.
            fleet.join();
            let class = fleet.class(restart, "gmail", None);
            sent += fleet.take(restart, &class, 1_000).await.n;
        }
        assert_eq!(sent, 10, "what was used up stays used up");
        fleet.clock.advance(Duration::from_secs(1));
        fleet.join();
        let class = fleet.class(21, "gmail", None);
        let n = fleet.take(21, &class, 1_000).await.n;
        assert!((5..=10).contains(&n), "what the dead had leased ahead is lost, and no more than that: {n}");
    }
);

both!(
    async fn without_a_limit_everything_goes_and_the_database_is_not_asked(db: TestDb) {
        let fleet = Fleet::new(&db, Settings::default(), 1);
        let class = fleet.class(0, "gmail", Some(CampaignId::new(fleet.clock.now())));
        sea_orm::ConnectionTrait::execute_unprepared(fleet.db.writer(), "DROP TABLE budgets").await.unwrap();
        assert_eq!(fleet.take(0, &class, 1_000).await, Granted { n: 1_000, wait: Duration::ZERO });
    }
);

both!(
    async fn a_limit_that_never_binds_is_leased_by_the_second(db: TestDb) {
        let fleet = Fleet::new(&db, relay("10000/s"), 1);
        let class = fleet.class(0, "gmail", None);
        let (mut sent, mut leases, mut last) = (0, 0, 0);
        // Eight at a time, 4,000 a second.
        for _ in 0..5_000 {
            sent += fleet.take(0, &class, 8).await.n;
            let arrival = arrival(&fleet).await;
            leases += u32::from(arrival != last);
            last = arrival;
            fleet.clock.advance(Duration::from_millis(2));
        }
        assert_eq!(sent, 40_000, "it never binds");
        assert!(leases <= 25, "{leases} leases in ten seconds");
    }
);

both!(
    async fn waiting_as_told_gets_the_next_permit(db: TestDb) {
        let fleet = Fleet::new(&db, provider("gmail", rate("1/m")), 1);
        let class = fleet.class(0, "gmail", None);
        assert_eq!(fleet.take(0, &class, 3).await.n, 1);
        assert_eq!(fleet.take(0, &class, 3).await, Granted { n: 0, wait: Duration::from_secs(60) });
        fleet.clock.advance(Duration::from_secs(60) - Duration::from_millis(1));
        assert_eq!(fleet.take(0, &class, 3).await, Granted { n: 0, wait: Duration::from_millis(1) });
        fleet.clock.advance(Duration::from_millis(1));
        assert_eq!(fleet.take(0, &class, 3).await.n, 1);
    }
);

both!(
    async fn a_slow_provider_takes_nothing_from_the_others(db: TestDb) {
        let settings = Settings { relay: rate("100/s"), ..provider("gmail", rate("1/m")) };
        let fleet = Fleet::new(&db, settings, 1);
        let (gmail, yahoo) = (fleet.class(0, "gmail", None), fleet.class(0, "yahoo", None));
        let (mut slow, mut others) = (0, 0);
        for _ in 0..600 {
            fleet.refill(0, &[(gmail.clone(), 50), (yahoo.clone(), 50)]).await;
            slow += fleet.instances[0].take(&gmail, 50).n;
            others += fleet.instances[0].take(&yahoo, 50).n;
            fleet.clock.advance(Duration::from_millis(100));
        }
        assert_eq!(slow, 1);
        assert!((5_900..=6_100).contains(&others), "{others}");
    }
);

both!(
    async fn what_the_relays_limit_refuses_is_not_lost_to_the_provider(db: TestDb) {
        let settings = Settings { relay: rate("1/m"), ..provider("gmail", rate("2/h")) };
        let fleet = Fleet::new(&db, settings, 1);
        let (gmail, yahoo) = (fleet.class(0, "gmail", None), fleet.class(0, "yahoo", None));
        assert_eq!(fleet.take(0, &yahoo, 1).await.n, 1);
        for _ in 0..30 {
            assert_eq!(fleet.take(0, &gmail, 1).await.n, 0);
            fleet.clock.advance(Duration::from_secs(1));
        }
        fleet.clock.advance(Duration::from_secs(30));
        assert_eq!(fleet.take(0, &gmail, 1).await.n, 1);
    }
);

both!(
    async fn permits_given_back_may_be_taken_again_here_and_then_elsewhere(db: TestDb) {
        let fleet = Fleet::new(&db, relay("1/h"), 2);
        let classes = [fleet.class(0, "gmail", None), fleet.class(1, "gmail", None)];
        assert_eq!(fleet.take(0, &classes[0], 9).await.n, 1);
        fleet.instances[0].give_back(&classes[0], 1);
        assert_eq!(fleet.take(1, &classes[1], 9).await.n, 0);
        assert_eq!(fleet.take(0, &classes[0], 9).await.n, 1);
        fleet.instances[0].give_back(&classes[0], 1);
        fleet.instances[0].surrender(fleet.db, fleet.clock.now()).await.unwrap();
        // The other has been told when the next one is due, and looks again then.
        fleet.clock.advance(Duration::from_secs(3_600));
        assert_eq!(fleet.take(1, &classes[1], 9).await.n, 1);
    }
);

both!(
    async fn the_burst_may_be_said(db: TestDb) {
        for (burst, expected) in [(1, 1), (7, 7)] {
            let limit = Limit { burst: NonZeroU32::new(burst), ..rate("4/s") };
            let fleet = Fleet::new(&db, provider("gmail", limit), 1);
            fleet.clock.advance(Duration::from_secs(u64::from(burst) * 3_600));
            let class = fleet.class(0, "gmail", None);
            assert_eq!(fleet.take(0, &class, 100).await.n, expected);
            let sent = fleet.eagerly(0, &class, Duration::from_secs(60), STEP * 5).await;
            assert!((236..=241).contains(&sent), "{sent}");
        }
    }
);

both!(
    async fn two_campaigns_share_a_limit_that_is_short(db: TestDb) {
        let settings = Settings { relay: rate("20/s"), campaign: rate("15/s"), ..Settings::default() };
        let fleet = Fleet::new(&db, settings, 1);
        let campaigns = [1, 2].map(|at| CampaignId::new(fleet.clock.now() + chrono::TimeDelta::seconds(at)));
        let classes = campaigns.map(|id| fleet.class(0, "gmail", Some(id)));
        let mut sent = [0, 0];
        for step in 0..200 {
            fleet.refill(0, &[(classes[0].clone(), 4), (classes[1].clone(), 4)]).await;
            for at in [step % 2, (step + 1) % 2] {
                sent[at] += fleet.instances[0].take(&classes[at], 1).n;
            }
            fleet.clock.advance(Duration::from_millis(50));
        }
        let all = sent[0] + sent[1];
        assert!((196..=222).contains(&all), "{sent:?}");
        assert!(sent.iter().all(|sent| *sent * 100 >= all * 45), "{sent:?}");
    }
);

async fn arrival(fleet: &Fleet<'_>) -> i64 {
    let query = sea_orm::Statement::from_string(fleet.db.backend(), "SELECT arrival FROM budgets");
    let row = sea_orm::ConnectionTrait::query_one_raw(fleet.db.reader(), query).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
