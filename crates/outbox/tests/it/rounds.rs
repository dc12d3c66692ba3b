use chrono::{DateTime, TimeDelta, Utc};
use database::Writes;
use domain::InstanceId;
use outbox::round;
use sea_orm::{ConnectionTrait, DbErr};
use testkit::{TestDb, both, start_of_time};

use crate::stage::worker;

async fn seal(conn: &impl ConnectionTrait, holder: InstanceId, no: i64, now: DateTime<Utc>) -> Result<(), DbErr> {
    let mut writes = Writes::new();
    round::seal(&mut writes, holder, no, now);
    writes.run(conn).await
}

both!(
    async fn a_round_is_sealed_if_its_transaction_was_committed(db: TestDb) {
        let (db, me) = (db.database(), worker(1));
        assert!(!round::is_sealed(db, worker(3), 1, start_of_time()).await.unwrap(), "there was none");
        for (no, commits) in [(1, false), (2, true), (3, false), (4, true)] {
            let txn = db.begin().await.unwrap();
            seal(&txn, me, no, start_of_time()).await.unwrap();
            seal(&txn, worker(2), no + 7, start_of_time()).await.unwrap();
            if commits {
                txn.commit().await.unwrap();
            } else {
                txn.rollback().await.unwrap();
            }
            assert_eq!(round::is_sealed(db, me, no, start_of_time()).await.unwrap(), commits, "{no}");
        }
        round::forget(db, me).await.unwrap();
        assert!(!round::is_sealed(db, me, 4, start_of_time()).await.unwrap());
        assert!(round::is_sealed(db, worker(2), 11, start_of_time()).await.unwrap(), "another's is not touched");
    }
);

both!(
    async fn a_commit_that_is_under_way_is_waited_for(db: TestDb) {
        let (db, me) = (db.database(), worker(1));
        for no in [1, 2] {
            let txn = db.begin().await.unwrap();
            seal(&txn, me, no, start_of_time()).await.unwrap();
            let mut asked = Box::pin(round::is_sealed(db, me, no, start_of_time()));
            let early = tokio::time::timeout(std::time::Duration::from_millis(50), &mut asked).await;
            assert!(early.is_err(), "{no}: nobody knows yet");
            txn.commit().await.unwrap();
            assert!(asked.await.unwrap(), "{no}");
        }
    }
);

both!(
    async fn a_round_that_was_asked_for_in_vain_is_not_committed_any_more(db: TestDb) {
        let (db, me) = (db.database(), worker(1));
        // A statement that has not come as far as its seal when its client, gone by then, asks by another connection.
        for no in [5, 9] {
            assert!(!round::is_sealed(db, me, no, start_of_time()).await.unwrap());
            assert_eq!(seal(db.writer(), me, no, start_of_time()).await, Err(DbErr::RecordNotUpdated));
            assert!(!round::is_sealed(db, me, no, start_of_time()).await.unwrap());
            // Not even once the instance has gone.
            round::forget(db, me).await.unwrap();
            assert_eq!(seal(db.writer(), me, no, start_of_time()).await, Err(DbErr::RecordNotUpdated));
            seal(db.writer(), me, no + 1, start_of_time()).await.unwrap();
            assert!(round::is_sealed(db, me, no + 1, start_of_time()).await.unwrap());
        }
    }
);

both!(
    async fn what_a_killed_sender_left_goes_after_thirty_days(db: TestDb) {
        let db = db.database();
        let month = start_of_time() + TimeDelta::days(30);
        for no in [1, 2] {
            seal(db.writer(), worker(no), 7, start_of_time()).await.unwrap();
        }
        assert_eq!(round::sweep(db.writer(), month).await.unwrap(), 0);
        // The second is there still.
        seal(db.writer(), worker(2), 8, month).await.unwrap();
        let later = month + TimeDelta::seconds(1);
        assert_eq!(round::sweep(db.writer(), later).await.unwrap(), 1);
        assert!(!round::is_sealed(db, worker(1), 7, later).await.unwrap());
        assert!(round::is_sealed(db, worker(2), 8, later).await.unwrap());
    }
);

both!(
    async fn a_round_without_a_time_counts_from_when_it_is_first_seen(db: TestDb) {
        let db = db.database();
        seal(db.writer(), worker(1), 7, start_of_time()).await.unwrap();
        db.writer().execute_unprepared("UPDATE outbox_rounds SET sealed_at = NULL").await.unwrap();
        let (seen, month) = (start_of_time() + TimeDelta::days(90), TimeDelta::days(30));
        assert_eq!(round::sweep(db.writer(), seen).await.unwrap(), 0);
        assert_eq!(round::sweep(db.writer(), seen + month).await.unwrap(), 0);
        assert_eq!(round::sweep(db.writer(), seen + month + TimeDelta::seconds(1)).await.unwrap(), 1);
    }
);
