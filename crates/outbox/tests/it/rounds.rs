use outbox::round;
use testkit::{TestDb, both};

use crate::stage::worker;

both!(
    async fn a_round_is_sealed_if_its_transaction_was_committed(db: TestDb) {
        let (db, me) = (db.database(), worker(1));
        assert!(!round::is_sealed(db, me, 1).await.unwrap(), "there was none");
        for (no, commits) in [(1, false), (2, true), (3, false), (4, true)] {
            let txn = db.begin().await.unwrap();
            round::seal(&txn, me, no).await.unwrap();
            round::seal(&txn, worker(2), 7).await.unwrap();
            if commits {
                txn.commit().await.unwrap();
            } else {
                txn.rollback().await.unwrap();
            }
            assert_eq!(round::is_sealed(db, me, no).await.unwrap(), commits, "{no}");
        }
        round::forget(db, me).await.unwrap();
        assert!(!round::is_sealed(db, me, 4).await.unwrap());
        assert!(round::is_sealed(db, worker(2), 7).await.unwrap(), "another's is not touched");
    }
);

both!(
    async fn a_commit_that_is_under_way_is_waited_for(db: TestDb) {
        let (db, me) = (db.database(), worker(1));
        for no in [1, 2] {
            let txn = db.begin().await.unwrap();
            round::seal(&txn, me, no).await.unwrap();
            let mut asked = Box::pin(round::is_sealed(db, me, no));
            let early = tokio::time::timeout(std::time::Duration::from_millis(50), &mut asked).await;
            assert!(early.is_err(), "{no}: nobody knows yet");
            txn.commit().await.unwrap();
            assert!(asked.await.unwrap(), "{no}");
        }
    }
);
