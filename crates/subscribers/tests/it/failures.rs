use chrono::{DateTime, Duration, Utc};
use domain::{Actor, SubscriberId};
use subscribers::Effect;
use subscribers::suppression::{Origin, Reason};
use testkit::{TestDb, both};
use verdict::{Class, Verdict};

use crate::stage::{Stage, ada, brand, days, now, staff};

pub(crate) fn verdict(class: Class) -> Verdict {
    Verdict {
        class,
        rule: "test".to_owned(),
        words: "ada@example.com unknown".to_owned(),
        pause: None,
        slow: false,
        again: false,
        relay: false,
        sender: false,
    }
}

pub(crate) async fn fail(stage: &Stage<'_>, who: SubscriberId, class: Class, now: DateTime<Utc>) -> Effect {
    let txn = stage.db.begin().await.unwrap();
    let effect =
        subscribers::record_failure(&txn, who, stage.brand, &verdict(class), Origin::default(), now).await.unwrap();
    txn.commit().await.unwrap();
    effect
}

both!(
    async fn a_mailbox_that_is_gone_is_suppressed_at_once_for_every_brand(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        assert_eq!(fail(&stage, who, Class::Hard, now()).await, Effect::Suppressed(Reason::Hard));
        assert_eq!(fail(&stage, who, Class::Hard, now()).await, Effect::Suppressed(Reason::Hard));
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("suppressed_hard"));
        let standing = subscribers::suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap();
        assert_eq!(standing.len(), 1);
        assert_eq!((standing[0].brand, &standing[0].created_by), (None, &Actor::rule("test")));
        // The server's words often repeat the address; they must not outlive an erasure.
        assert_eq!(standing[0].detail, "");
    }
);

both!(
    async fn a_block_or_refused_content_never_touches_the_person(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        for day in 0..40 {
            assert_eq!(fail(&stage, who, Class::Block, days(day)).await, Effect::None);
            assert_eq!(fail(&stage, who, Class::Content, days(day)).await, Effect::None);
        }
        assert_eq!(stage.why_not(who, 0, days(40)).await, None);
        assert_eq!(subscribers::find(stage.db.reader(), who).await.unwrap().unwrap().score, 0);
    }
);

both!(
    async fn soft_failures_count_once_a_day_and_suppress_when_spread_over_the_brands_days(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        assert_eq!(fail(&stage, who, Class::Soft, days(0)).await, Effect::Counted(1));
        assert_eq!(fail(&stage, who, Class::Soft, days(0) + Duration::hours(3)).await, Effect::None);
        assert_eq!(fail(&stage, who, Class::LikelyGone, days(1)).await, Effect::Counted(2));
        assert_eq!(fail(&stage, who, Class::Soft, days(2)).await, Effect::Counted(3));
        assert_eq!(stage.why_not(who, 0, days(2)).await, None);
        assert_eq!(fail(&stage, who, Class::Soft, days(14)).await, Effect::Suppressed(Reason::Soft));
        assert_eq!(stage.why_not(who, 0, days(14)).await.as_deref(), Some("suppressed_soft"));
    }
);

both!(
    async fn a_success_forgets_what_was_counted(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        for day in [0, 7] {
            fail(&stage, who, Class::Soft, days(day)).await;
        }
        stage.succeed(who, days(8)).await;
        assert_eq!(fail(&stage, who, Class::Soft, days(14)).await, Effect::Counted(1));
        assert_eq!(fail(&stage, who, Class::Soft, days(21)).await, Effect::Counted(2));
        assert_eq!(fail(&stage, who, Class::Soft, days(28)).await, Effect::Suppressed(Reason::Soft));
    }
);

both!(
    async fn a_complaint_is_between_the_person_and_the_brand(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let txn = stage.db.begin().await.unwrap();
        let other = brands::create(&txn, brand("other"), &staff(), now()).await.unwrap().id;
        subscribers::record_complaint(&txn, who, other, &Actor::rule("arf"), Origin::default(), now()).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        let txn = stage.db.begin().await.unwrap();
        let effect =
            subscribers::record_complaint(&txn, who, stage.brand, &Actor::rule("arf"), Origin::default(), now())
                .await
                .unwrap();
        txn.commit().await.unwrap();
        assert_eq!(effect, Effect::Suppressed(Reason::Complaint));
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("suppressed_complaint"));
    }
);

both!(
    async fn a_failure_of_who_is_not_on_file_is_nobodys(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        assert_eq!(fail(&stage, SubscriberId::new(now()), Class::Hard, now()).await, Effect::None);
    }
);

async fn uncount(stage: &Stage<'_>, who: SubscriberId, at: DateTime<Utc>) {
    let txn = stage.db.begin().await.unwrap();
    subscribers::uncount(&txn, who, at).await.unwrap();
    txn.commit().await.unwrap();
}

both!(
    async fn a_failure_that_is_taken_back_shortens_the_row_of_those_that_count(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        assert_eq!(fail(&stage, who, Class::Soft, days(0)).await, Effect::Counted(1));
        assert_eq!(fail(&stage, who, Class::Soft, days(8)).await, Effect::Counted(2));
        uncount(&stage, who, days(0)).await;
        // Three now, but within eight days.
        assert_eq!(fail(&stage, who, Class::Soft, days(15)).await, Effect::Counted(2));
        assert_eq!(fail(&stage, who, Class::Soft, days(16)).await, Effect::Counted(3));
        assert_eq!(fail(&stage, who, Class::Soft, days(22)).await, Effect::Suppressed(Reason::Soft));
    }
);

both!(
    async fn a_failure_before_a_success_is_none_to_take_back_and_none_to_count(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::Soft, days(0)).await;
        fail(&stage, who, Class::DomainGone, days(0)).await;
        let success =
            "UPDATE subscribers SET score = 0, score_since = NULL, score_last_at = NULL, last_success_at = $1";
        database::sql::execute(stage.db.writer(), success, [days(5).into()]).await.unwrap();
        assert_eq!(fail(&stage, who, Class::Soft, days(3)).await, Effect::None, "that came late");
        assert_eq!(fail(&stage, who, Class::Soft, days(20)).await, Effect::Counted(1));
        uncount(&stage, who, days(0)).await;
        let score = async || subscribers::find(stage.db.reader(), who).await.unwrap().unwrap().score;
        assert_eq!(score().await, 1, "that is another one");
        uncount(&stage, who, days(20)).await;
        assert_eq!(score().await, 0);
        assert_eq!(fail(&stage, who, Class::DomainGone, days(21)).await, Effect::None, "its look-up is due as before");
    }
);
