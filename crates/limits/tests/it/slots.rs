use std::num::NonZeroU32;
use std::time::Duration;

use domain::Clock;
use limits::{Class, Limit, Settings};
use testkit::{TestDb, both};

use crate::fleet::{Fleet, RELAY, provider};

fn five() -> Limit {
    Limit { connections: NonZeroU32::new(5), ..Limit::default() }
}

both!(
    async fn instances_share_five_connections_and_a_killed_ones_come_back(db: TestDb) {
        let mut fleet = Fleet::new(&db, provider("gmail", five()), 3);
        let mut classes: Vec<Class> = (0..3).map(|at| fleet.class(at, "gmail", None)).collect();
        let mut busy = [0_u32; 4];
        let (mut most, mut each) = (0, [0_u32; 4]);
        for step in 0_usize..1_200 {
            for instance in 0..classes.len() {
                if instance == 0 && step >= 300 {
                    // Killed: its connections are gone with it, and it says nothing.
                    busy[0] = 0;
                    continue;
                }
                // Messages take a while, not all the same.
                if busy[instance] > 0 && (step + instance) % 3 == 0 {
                    fleet.instances[instance].done(&classes[instance], 1);
                    busy[instance] -= 1;
                }
                let n = fleet.take(instance, &classes[instance], 8).await.n;
                busy[instance] += n;
                each[instance] += n;
                most = most.max(busy.iter().sum::<u32>());
                assert!(busy.iter().sum::<u32>() <= 5, "{busy:?} at {step}");
            }
            if step == 600 {
                fleet.join();
                classes.push(fleet.class(3, "gmail", None));
            }
            fleet.clock.advance(Duration::from_millis(100));
        }
        assert_eq!(most, 5, "all of them are used");
        assert!(each.iter().all(|n| *n > 20), "nobody starves: {each:?}");
        assert_eq!(busy.iter().sum::<u32>(), 5, "the killed one's are used again: {busy:?}");
    }
);

both!(
    async fn connections_to_the_relay_are_the_same_for_all_instances(db: TestDb) {
        let fleet = Fleet::new(&db, Settings { relay: five(), ..Settings::default() }, 2);
        let may = |instance: usize| fleet.instances[instance].connections(RELAY);
        fleet.instances[0].connect(RELAY, 0, 8);
        fleet.refill(0, &[]).await;
        assert_eq!(may(0), Some(5));
        fleet.instances[0].connect(RELAY, 5, 8);
        fleet.instances[1].connect(RELAY, 0, 8);
        fleet.refill(1, &[]).await;
        assert_eq!(may(1), Some(0));
        // The first one's share shrinks; it hangs up, and says so.
        fleet.clock.advance(Duration::from_secs(5));
        fleet.refill(0, &[]).await;
        assert_eq!(may(0), Some(2));
        fleet.refill(1, &[]).await;
        assert_eq!(may(1), Some(0), "it has not hung up yet");
        fleet.instances[0].connect(RELAY, 2, 8);
        fleet.clock.advance(Duration::from_secs(1));
        fleet.refill(0, &[]).await;
        fleet.refill(1, &[]).await;
        assert_eq!((may(0), may(1)), (Some(2), Some(3)));
        // One that no longer wants any leaves them to the other.
        fleet.instances[0].connect(RELAY, 0, 0);
        fleet.clock.advance(Duration::from_secs(6));
        fleet.refill(0, &[]).await;
        fleet.refill(1, &[]).await;
        assert_eq!((may(0), may(1)), (Some(0), Some(5)));
        // One that cannot renew stops before they are another's.
        fleet.clock.advance(Duration::from_secs(25));
        assert_eq!(may(1), Some(0));
    }
);

both!(
    async fn connections_to_one_relay_are_not_those_to_another(db: TestDb) {
        let backup = Limit { connections: NonZeroU32::new(2), ..Limit::default() };
        let settings =
            Settings { relay: five(), relays: [("backup".to_owned(), backup)].into(), ..Settings::default() };
        let fleet = Fleet::new(&db, settings, 1);
        let limits = &fleet.instances[0];
        limits.connect(RELAY, 0, 8);
        limits.connect("backup", 0, 8);
        fleet.refill(0, &[]).await;
        assert_eq!((limits.connections(RELAY), limits.connections("backup")), (Some(5), Some(2)));
        limits.connect("backup", 2, 0);
        fleet.clock.advance(Duration::from_secs(6));
        fleet.refill(0, &[]).await;
        assert_eq!((limits.connections(RELAY), limits.connections("backup")), (Some(5), Some(0)));
    }
);

both!(
    async fn what_a_frozen_instance_had_is_another_s_and_it_knows(db: TestDb) {
        let fleet = Fleet::new(&db, provider("gmail", five()), 2);
        let classes = [fleet.class(0, "gmail", None), fleet.class(1, "gmail", None)];
        assert_eq!(fleet.take(0, &classes[0], 4).await.n, 4);
        fleet.instances[0].done(&classes[0], 4);
        fleet.clock.advance(Duration::from_secs(31));
        assert_eq!(fleet.instances[0].take(&classes[0], 4).n, 0);
        assert_eq!(fleet.take(1, &classes[1], 9).await.n, 5);
        assert_eq!(fleet.take(0, &classes[0], 4).await.n, 0);
        assert!(fleet.clock.now() > testkit::start_of_time());
    }
);

both!(
    async fn connections_that_were_taken_before_the_clock_was_set_back_come_back(db: TestDb) {
        let killed = Fleet::new(&db, provider("gmail", five()), 1);
        killed.clock.advance(Duration::from_secs(3 * 60 * 60));
        assert_eq!(killed.take(0, &killed.class(0, "gmail", None), 8).await.n, 5);
        let fleet = Fleet::new(&db, provider("gmail", five()), 1);
        assert_eq!(fleet.take(0, &fleet.class(0, "gmail", None), 8).await.n, 5);
    }
);
