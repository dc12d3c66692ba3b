use std::num::NonZeroU32;
use std::time::Duration;

use domain::{CampaignId, Clock};
use limits::{Limit, Settings};
use testkit::{TestDb, both};

use crate::fleet::{Fleet, RELAY};

both!(
    async fn a_quota_holds_across_restarts_and_instances(db: TestDb) {
        let limit = Limit { daily: NonZeroU32::new(100), hourly: NonZeroU32::new(40), ..Limit::default() };
        let settings = Settings { relay: limit, ..Settings::default() };
        let mut fleet = Fleet::new(&db, settings, 2);
        // The tests' time begins at nine: fifteen hours are left of the day.
        let mut by_hour = Vec::new();
        for hour in 0..5 {
            let mut sent = 0;
            for minute in 0..60 {
                for instance in 0..fleet.instances.len() {
                    let class = fleet.class(instance, "gmail", None);
                    sent += fleet.take(instance, &class, 3).await.n;
                }
                if minute == 30 {
                    // Both are stopped, and two others begin.
                    for limits in fleet.instances.drain(..) {
                        limits.surrender(fleet.db, fleet.clock.now()).await.unwrap();
                    }
                    fleet.join();
                    fleet.join();
                }
                fleet.clock.advance(Duration::from_secs(60));
            }
            by_hour.push((hour, sent));
        }
        let first = testkit::start_of_time();
        assert_eq!(first.format("%M:%S").to_string(), "00:00", "an hour begins");
        assert_eq!(by_hour, [(0, 40), (1, 40), (2, 20), (3, 0), (4, 0)]);
        fleet.clock.advance(Duration::from_secs(24 * 3_600));
        let class = fleet.class(0, "gmail", None);
        assert_eq!(fleet.take(0, &class, 3).await.n, 3);
    }
);

both!(
    async fn the_quota_of_each_relay_is_its_own_for_all_instances_and_across_restarts(db: TestDb) {
        let hourly = |n| Limit { hourly: NonZeroU32::new(n), ..Limit::default() };
        let settings =
            Settings { relay: hourly(9), relays: [("backup".to_owned(), hourly(4))].into(), ..Settings::default() };
        let mut fleet = Fleet::new(&db, settings, 2);
        let take = async |fleet: &Fleet<'_>, relay, instance| {
            fleet.take(instance, &fleet.class_through(relay, instance, "gmail", None), 3).await.n
        };
        assert_eq!((take(&fleet, RELAY, 0).await, take(&fleet, RELAY, 1).await), (3, 3));
        assert_eq!((take(&fleet, "backup", 0).await, take(&fleet, "backup", 1).await), (3, 1));
        fleet.instances.clear();
        fleet.join();
        assert_eq!((take(&fleet, "backup", 0).await, take(&fleet, RELAY, 0).await), (0, 3));
        assert_eq!((take(&fleet, "backup", 0).await, take(&fleet, RELAY, 0).await), (0, 0));
        fleet.clock.advance(Duration::from_secs(3_600));
        assert_eq!((take(&fleet, "backup", 0).await, take(&fleet, RELAY, 0).await), (3, 3));
    }
);

both!(
    async fn campaigns_wait_for_their_window_and_what_somebody_waits_for_does_not(db: TestDb) {
        let windows = vec!["mon-fri 08:00-09:30 UTC".parse().unwrap(), "daily 21:00-22:00 UTC".parse().unwrap()];
        let settings = Settings {
            brands: [("acme".to_owned(), Limit { windows, ..Limit::default() })].into(),
            ..Settings::default()
        };
        let fleet = Fleet::new(&db, settings, 1);
        let start: chrono::DateTime<chrono::Utc> = "2026-03-02T09:29:59Z".parse().unwrap();
        fleet.clock.advance((start - fleet.clock.now()).to_std().unwrap());
        let campaign = fleet.class(0, "gmail", Some(CampaignId::new(fleet.clock.now())));
        let confirmation = fleet.class(0, "gmail", None);
        assert_eq!(fleet.take(0, &campaign, 2).await.n, 2);
        fleet.clock.advance(Duration::from_secs(1));
        let granted = fleet.take(0, &campaign, 2).await;
        assert_eq!((granted.n, granted.wait), (0, Duration::from_secs(11 * 3_600 + 1_800)));
        assert_eq!(fleet.take(0, &confirmation, 2).await.n, 2);
        fleet.clock.advance(granted.wait);
        assert_eq!(fleet.take(0, &campaign, 2).await.n, 2);
    }
);
