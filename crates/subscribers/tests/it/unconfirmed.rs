use domain::SubscriberId;
use subscribers::opt_out::What;
use subscribers::suppression::{self, Reason};
use subscribers::{opt_in, unconfirmed};
use testkit::{TestDb, both, scheduler};
use verdict::Class;

use crate::erasure::anywhere;
use crate::failures::fail;
use crate::stage::{Stage, ada, address, days, evidence, now};

/// Ends what is over, and then deletes who never confirmed until the day.
async fn sweep(stage: &Stage<'_>, before: i64) -> Vec<SubscriberId> {
    opt_in::expire_due(stage.db, &scheduler(stage.db, days(50)).await, 100, days(50)).await.unwrap();
    let due = unconfirmed::due(stage.db.reader(), days(before), None, 100).await.unwrap();
    for who in &due {
        assert!(forget(stage, *who, before).await);
    }
    due
}

async fn forget(stage: &Stage<'_>, who: SubscriberId, before: i64) -> bool {
    let txn = stage.db.begin().await.unwrap();
    let forgotten = unconfirmed::forget(&txn, who, days(before), days(50)).await.unwrap();
    txn.commit().await.unwrap();
    forgotten
}

both!(
    async fn who_never_confirmed_is_forgotten_some_time_after_the_request_ended(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0, 1], now()).await;
        let who = stage.id(&ada()).await;
        // The form gives seven days.
        assert_eq!(sweep(&stage, 6).await, []);
        assert_eq!(sweep(&stage, 7).await, [who]);
        for words in ["ada@example.com", "Ada", &who.to_string()] {
            assert_eq!(anywhere(&stage, words).await, Vec::<String>::new());
        }
        assert!(!forget(&stage, who, 7).await);
        // They may come again.
        stage.join(&ada(), &[0]).await;
    }
);

both!(
    async fn who_ever_said_yes_or_left_is_not_forgotten(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        // Confirmed one topic, and never the other.
        stage.join(&ada(), &[0]).await;
        stage.ask(&ada(), &[1], now()).await;
        // Confirmed it once, left, asked for it again and let it be.
        let bob = stage.join(&address("bob@example.com"), &[0]).await;
        stage.leave(bob, What::Topic(stage.topic(0)), now()).await;
        stage.ask(&address("bob@example.com"), &[0], now()).await;
        // Said no without ever having said yes: no list may bring them in.
        stage.ask(&address("eve@example.com"), &[0], now()).await;
        let eve = stage.id(&address("eve@example.com")).await;
        stage.leave(eve, What::Topic(stage.topic(0)), now()).await;
        // Asked again later.
        stage.ask(&address("joe@example.com"), &[0], now()).await;
        stage.ask(&address("joe@example.com"), &[1], days(20)).await;
        assert_eq!(sweep(&stage, 26).await, []);
        let joe = stage.id(&address("joe@example.com")).await;
        assert_eq!(sweep(&stage, 27).await, [joe]);
    }
);

both!(
    async fn who_asks_at_the_last_moment_stays(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        opt_in::expire_due(stage.db, &scheduler(stage.db, days(50)).await, 100, days(50)).await.unwrap();
        let due = unconfirmed::due(stage.db.reader(), days(40), None, 100).await.unwrap();
        stage.ask(&ada(), &[0], days(50)).await;
        assert!(!forget(&stage, due[0], 40).await);
        opt_in::confirm(stage.db, stage.last_opt_in().await, &evidence(), days(50)).await.unwrap();
        assert_eq!(unconfirmed::due(stage.db.reader(), days(900), None, 100).await.unwrap(), []);
    }
);

both!(
    async fn they_are_found_in_the_order_of_their_ids_each_once(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        for n in 0..5 {
            stage.ask(&address(&format!("person.{n}@example.com")), &[0, 1], now()).await;
        }
        opt_in::expire_due(stage.db, &scheduler(stage.db, days(50)).await, 100, days(50)).await.unwrap();
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = unconfirmed::due(stage.db.reader(), days(40), after, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(*last);
            found.extend(page);
        }
        assert_eq!(found.len(), 5);
        assert!(found.is_sorted_by(|one, next| one < next), "{found:?}");
    }
);

both!(
    async fn a_suppression_outlives_who_never_confirmed(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let who = stage.id(&ada()).await;
        fail(&stage, who, Class::Hard, now()).await;
        assert_eq!(sweep(&stage, 7).await, [who]);
        let standing = suppression::active_for(stage.db.reader(), &testkit::keys(), &ada()).await.unwrap();
        assert_eq!(standing.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Hard]);
    }
);
