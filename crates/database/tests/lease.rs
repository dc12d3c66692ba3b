//! Exclusive roles on both databases.

use std::time::Duration;

use database::lease;
use testkit::{TestDb, both, start_of_time};
use uuid::Uuid;

const TTL: Duration = Duration::from_secs(10);

fn somebody(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

both!(
    async fn a_role_has_one_holder_until_its_lease_runs_out(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let first = lease::acquire(db, "scheduler", somebody(1), TTL, now).await.unwrap().unwrap();
        assert_eq!(lease::acquire(db, "scheduler", somebody(2), TTL, now).await.unwrap(), None);

        let later = now + TTL;
        let second = lease::acquire(db, "scheduler", somebody(2), TTL, later).await.unwrap().unwrap();
        assert_eq!(second.fence, first.fence + 1);
        assert!(!lease::held(db.reader(), &first, later).await.unwrap());
        assert!(lease::held(db.reader(), &second, later).await.unwrap());
    }
);

both!(
    async fn renewing_in_time_keeps_the_fence(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let first = lease::acquire(db, "sealer", somebody(1), TTL, now).await.unwrap().unwrap();
        let renewed = lease::acquire(db, "sealer", somebody(1), TTL, now + TTL / 2).await.unwrap().unwrap();
        assert_eq!(renewed.fence, first.fence);
        assert!(lease::held(db.reader(), &renewed, now + TTL).await.unwrap());
    }
);

both!(
    async fn a_role_that_was_taken_before_the_clock_was_set_back_is_free_under_another_fence(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let ahead = now + lease::DISAGREEMENT + Duration::from_secs(1);
        let lost = lease::acquire(db, "scheduler", somebody(1), TTL, ahead).await.unwrap().unwrap();
        let second = lease::acquire(db, "scheduler", somebody(2), TTL, now).await.unwrap().unwrap();
        assert_eq!(second.fence, lost.fence + 1);
        assert!(!lease::held(db.reader(), &lost, ahead).await.unwrap());
    }
);

both!(
    async fn a_released_role_is_free_at_once(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let first = lease::acquire(db, "sealer", somebody(1), TTL, now).await.unwrap().unwrap();
        lease::release(db, &first, now).await.unwrap();
        assert!(lease::acquire(db, "sealer", somebody(2), TTL, now).await.unwrap().is_some());
    }
);

both!(
    async fn an_sqlite_file_is_served_by_one(db: TestDb) {
        let held = db.database().serve_alone().unwrap();
        let second = db.database().serve_alone();
        assert_eq!(second.is_err(), db.database().file().is_some());
        drop(held);
    }
);
