//! Two transactions of PostgreSQL that want the same deliveries. On SQLite there is never more than one.

use std::time::Duration;

use database::{Database, Writes, sql};
use domain::DeliveryKey;
use outbox::{Batch, Outcome};
use testkit::{TestDb, start_of_time};

use crate::stage::{
    TTL, after, another_campaign, answer, campaign, claim, counts, keys, person, send_all, submit, worker,
};

fn on_postgres(test: impl AsyncFn(&Database)) {
    testkit::run(async {
        match TestDb::postgres().await {
            Some(db) => test(db.database()).await,
            None => eprintln!("skipped: ESHOT_TEST_POSTGRES names no server"),
        }
    });
}

/// Waits until somebody waits for a lock that another transaction has.
async fn until_somebody_waits(db: &Database) {
    let waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sql::row(db.reader(), waiting, []).await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Locks one delivery, as who erases its person does first.
async fn hold(conn: &impl sea_orm::ConnectionTrait, key: DeliveryKey) {
    let one = "SELECT 1 FROM deliveries WHERE mailing_no = $1 AND ordinal = $2 FOR UPDATE";
    assert!(sql::row(conn, one, [key.mailing.into(), key.ordinal.into()]).await.unwrap().is_some());
}

#[test]
fn a_round_and_an_erasure_wait_for_each_other_in_one_order() {
    on_postgres(async |db| {
        let earlier = campaign(db, 1).await;
        let later = another_campaign(db).await;
        let mut batches =
            [claim(db, 1, 10, start_of_time()).await, claim(db, 1, 10, start_of_time()).await].map(Option::unwrap);
        batches.sort_by_key(|batch| keys(batch)[0]);
        let [waiting, begun]: [Batch; 2] = batches;
        // The later mailing's message is answered in the very round in which the earlier one's is to be begun.
        let answer = answer(submit(db, &begun, start_of_time()).await[0], Outcome::Sent, after(1));

        let (eraser, sender) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        hold(&eraser, keys(&waiting)[0]).await;
        let next = [(&waiting.lease, keys(&waiting))];
        let (answers, now) = ([answer], after(1));
        let round = async {
            let mut writes = Writes::new();
            let turn = outbox::turn(&sender, worker(1), &answers, &next, &mut writes, now).await.unwrap();
            writes.run(&sender).await.unwrap();
            sender.commit().await.unwrap();
            turn
        };
        let (turn, ()) = tokio::join!(round, async {
            until_somebody_waits(db).await;
            outbox::forget(&eraser, person(1)).await.unwrap();
            eraser.commit().await.unwrap();
        });
        assert_eq!((turn.recorded.moved, turn.submitted.concat().len()), (1, 0), "what was erased is not begun");
        assert_eq!((counts(db, earlier).await.skipped, counts(db, later).await.sent), (1, 1));
    });
}

/// Puts the rows where an UPDATE that looks for them finds the last one first.
async fn turn_round(db: &Database, keys: &[DeliveryKey]) {
    for key in keys.iter().rev() {
        let again = "UPDATE deliveries SET data = data WHERE mailing_no = $1 AND ordinal = $2";
        sql::execute(db.writer(), again, [key.mailing.into(), key.ordinal.into()]).await.unwrap();
    }
    sql::execute(db.writer(), "ANALYZE deliveries", []).await.unwrap();
}

/// Does something with a lease while another transaction locks its deliveries one by one, from the first to the last.
async fn beside_one_who_locks_in_order(db: &Database, keys: &[DeliveryKey], act: impl Future<Output = ()>) {
    turn_round(db, keys).await;
    let other = db.begin().await.unwrap();
    hold(&other, keys[0]).await;
    tokio::join!(act, async {
        until_somebody_waits(db).await;
        for key in &keys[1..] {
            hold(&other, *key).await;
        }
        other.commit().await.unwrap();
    });
}

#[test]
fn whoever_renews_or_releases_a_lease_locks_in_the_same_order() {
    on_postgres(async |db| {
        // So many that an UPDATE reads the table as it lies, and not by its key.
        campaign(db, 600).await;
        let begun = claim(db, 1, 100, start_of_time()).await.unwrap();
        submit(db, &begun, start_of_time()).await;
        beside_one_who_locks_in_order(db, &keys(&begun), async {
            assert!(outbox::renew(db, &begun.lease, TTL, after(30)).await.unwrap().is_some());
        })
        .await;

        let deferred = Outcome::Deferred { until: after(300) };
        send_all(db, deferred, after(31)).await;
        let due = claim(db, 1, 100, after(300)).await.unwrap();
        let mut lease = due.lease.clone();
        beside_one_who_locks_in_order(db, &keys(&due), async {
            lease = outbox::renew(db, &due.lease, TTL, after(330)).await.unwrap().unwrap();
        })
        .await;
        beside_one_who_locks_in_order(db, &keys(&due), async {
            outbox::release(db, &lease, after(340)).await.unwrap();
        })
        .await;
        assert!(claim(db, 2, 100, after(340)).await.is_some(), "it is free at once");
    });
}
