use chrono::Duration;
use domain::{AccessId, MailKind};
use subscribers::access::{self, RedeemError};
use testkit::{TestDb, both};

use crate::stage::{Stage, ada, address, now};

async fn mailed(stage: &Stage<'_>) -> AccessId {
    stage.mails(MailKind::Access).await.last().unwrap()["access"].as_str().unwrap().parse().unwrap()
}

both!(
    async fn a_link_opens_once_and_hands_on_the_next(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        access::request(stage.db, &ada(), stage.brand, now()).await.unwrap();
        let id = mailed(&stage).await;
        for _ in 0..3 {
            assert_eq!(access::open(stage.db.reader(), id, now()).await.unwrap(), stage.brand);
        }
        let visit = access::redeem(stage.db, id, now()).await.unwrap();
        assert_eq!((visit.subscriber, visit.brand), (who, stage.brand));
        assert!(matches!(access::redeem(stage.db, id, now()).await, Err(RedeemError::Used)));
        assert!(access::redeem(stage.db, visit.next, now()).await.is_ok());
    }
);

both!(
    async fn a_link_used_twice_at_once_opens_once(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0]).await;
        access::request(stage.db, &ada(), stage.brand, now()).await.unwrap();
        let id = mailed(&stage).await;
        let (one, other) = tokio::join!(access::redeem(stage.db, id, now()), access::redeem(stage.db, id, now()));
        assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    }
);

both!(
    async fn a_link_and_all_that_it_hands_on_end_after_half_an_hour(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0]).await;
        access::request(stage.db, &ada(), stage.brand, now()).await.unwrap();
        let id = mailed(&stage).await;
        let minutes = |minutes| now() + Duration::minutes(minutes);
        let visit = access::redeem(stage.db, id, minutes(29)).await.unwrap();
        assert!(matches!(access::redeem(stage.db, visit.next, minutes(30)).await, Err(RedeemError::Expired)));
        let never = access::redeem(stage.db, AccessId::new(now()), now()).await;
        assert!(matches!(never, Err(RedeemError::NotFound)));
    }
);

both!(
    async fn a_stranger_is_mailed_nothing_and_a_mailbox_is_not_filled(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0]).await;
        access::request(stage.db, &address("nobody@example.com"), stage.brand, now()).await.unwrap();
        assert!(stage.mails(MailKind::Access).await.is_empty());
        for _ in 0..5 {
            access::request(stage.db, &ada(), stage.brand, now()).await.unwrap();
        }
        assert_eq!(stage.mails(MailKind::Access).await.len(), 3);
        access::request(stage.db, &ada(), stage.brand, now() + Duration::minutes(61)).await.unwrap();
        assert_eq!(stage.mails(MailKind::Access).await.len(), 4);
    }
);

both!(
    async fn a_link_says_why_it_opens_nothing_for_a_day_and_is_gone_then(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0]).await;
        access::request(stage.db, &ada(), stage.brand, now()).await.unwrap();
        let (id, end) = (mailed(&stage).await, now() + Duration::minutes(access::MINUTES));
        let soon = end + Duration::hours(23);
        assert_eq!(access::sweep(stage.db.writer(), 10, soon).await.unwrap(), 0);
        assert!(matches!(access::open(stage.db.reader(), id, soon).await, Err(RedeemError::Expired)));
        let late = end + Duration::days(1);
        assert_eq!(access::sweep(stage.db.writer(), 10, late).await.unwrap(), 1);
        assert!(matches!(access::open(stage.db.reader(), id, late).await, Err(RedeemError::NotFound)));
    }
);

/// On SQLite a writer is alone anyway.
#[test]
fn a_link_is_redeemed_while_another_act_on_the_person_is_under_way() {
    testkit::run(async {
        let Some(db) = TestDb::postgres().await else {
            return eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
        };
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        access::request(stage.db, &ada(), stage.brand, now()).await.unwrap();

        let link = mailed(&stage).await;
        let act = stage.db.begin().await.unwrap();
        assert!(subscribers::hold(&act, who).await.unwrap());
        let redeemed = access::redeem(stage.db, link, now());
        let redeemed = tokio::time::timeout(std::time::Duration::from_secs(20), redeemed).await;
        assert!(redeemed.expect("it waited for the act").is_ok());
        act.commit().await.unwrap();
    });
}
