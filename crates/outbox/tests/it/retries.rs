//! What failed is tried again because somebody wants it; what may have been taken is not.

use std::collections::HashSet;

use database::Database;
use domain::{Actor, DeliveryKey, Ordinal};
use outbox::mailing::MailingState;
use outbox::{Decision, Error, Outcome, Phase, State, fact, ledger};
use sea_orm::{ConnectionTrait, Statement};
use testkit::{TestDb, both, start_of_time};

use crate::stage::{
    after, another_campaign, answer, campaign, claim, counts, in_doubt, person, record, send_all, state, submit,
};

both!(
    async fn what_failed_is_tried_again_and_its_tries_are_counted_anew(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        let first = submit(db, &claim(db, 1, 1, start_of_time()).await.unwrap(), start_of_time()).await[0];
        record(db, &[answer(first, Outcome::Failed, after(1))], after(1)).await;
        outbox::decide(db.writer(), first.key, Decision::Retry, &Actor::Operator, after(2)).await.unwrap();
        assert_eq!(state(db, first.key).await, State::Deferred);
        let second = submit(db, &claim(db, 1, 1, after(2)).await.unwrap(), after(2)).await[0];
        assert_eq!((second.attempt, second.tries), (2, 1));
        record(db, &[answer(second, Outcome::Sent, after(3))], after(3)).await;
        let counts = counts(db, first.key.mailing).await;
        assert_eq!((counts.sent, counts.failed, counts.audience()), (1, 0, 1));
    }
);

both!(
    async fn what_may_have_been_taken_is_not_tried_again_as_a_failure(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::give_up(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        let refused = outbox::decide(db.writer(), first.key, Decision::Retry, &Actor::Operator, late).await;
        assert!(matches!(refused, Err(Error::Doubted(key)) if key == first.key));
        // The answer that was lost turns up: it was taken, and is still not to be tried.
        record(db, &[answer(first, Outcome::Sent, late)], late).await;
        let all = decide_all(db, first.key, &[1], Decision::Retry).await;
        assert_eq!((all, state(db, first.key).await), (HashSet::new(), State::Failed));
        assert_eq!(acts(db, "retry").await, 0);
    }
);

both!(
    async fn what_was_refused_late_after_all_may_be_tried_again(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        record(db, &[answer(first, Outcome::Failed, late)], late).await;
        assert_eq!(decide_all(db, first.key, &[1], Decision::Retry).await.len(), 1);
    }
);

both!(
    async fn what_came_back_is_not_tried_again(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        let first = submit(db, &claim(db, 1, 1, start_of_time()).await.unwrap(), start_of_time()).await[0];
        record(db, &[answer(first, Outcome::Failed, after(1))], after(1)).await;
        fact::bounced(db.writer(), first.key, after(2)).await.unwrap();
        assert!(decide_all(db, first.key, &[1], Decision::Retry).await.is_empty());
    }
);

both!(
    async fn a_decision_about_many_is_made_about_each_once(db: TestDb) {
        let db = db.database();
        let (mailing, other) = (campaign(db, 9).await, another_campaign(db).await);
        send_all(db, Outcome::Failed, start_of_time()).await;
        outbox::mailing::close(db.writer(), mailing, &Actor::System, after(1)).await.unwrap();
        let key = DeliveryKey::new(mailing, Ordinal(1));
        let moved = decide_all(db, key, &[1, 2, 3, 10], Decision::Retry).await;
        assert_eq!(moved, [1, 2, 3].map(Ordinal).into());
        let again = decide_all(db, key, &[1, 2, 3, 4], Decision::Retry).await;
        assert_eq!((again, acts(db, "retry").await), ([Ordinal(4)].into(), 4));
        let mailing = outbox::mailing::find(db.reader(), mailing).await.unwrap().unwrap();
        assert_eq!(mailing.state, MailingState::Open);
        let now = counts(db, mailing.no).await;
        assert_eq!((now.deferred, now.failed, now.audience(), counts(db, other).await.failed), (4, 5, 9, 9));
        assert_eq!(send_all(db, Outcome::Sent, after(60)).await, 4);
        assert_eq!(counts(db, mailing.no).await.sent, 4);
    }
);

both!(
    async fn doubts_are_ended_many_at_once(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 6).await;
        send_all(db, Outcome::InDoubt, start_of_time()).await;
        let key = DeliveryKey::new(mailing, Ordinal(1));
        assert_eq!(decide_all(db, key, &[1, 2], Decision::Resend).await.len(), 2);
        assert_eq!(decide_all(db, key, &[1, 2, 3, 4, 5, 6], Decision::GiveUp).await.len(), 4);
        let counts = counts(db, mailing).await;
        assert_eq!((counts.deferred, counts.failed, counts.in_doubt), (2, 4, 0));
        assert_eq!((acts(db, "resend").await, acts(db, "give_up").await), (2, 4));
    }
);

both!(
    async fn the_ledger_shows_each_delivery_with_the_last_attempt_at_it(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 2).await;
        let first = submit(db, &claim(db, 1, 1, start_of_time()).await.unwrap(), start_of_time()).await[0];
        record(db, &[answer(first, Outcome::Deferred { until: after(60) }, after(1))], after(1)).await;
        let second = submit(db, &claim(db, 1, 1, after(60)).await.unwrap(), after(60)).await[0];
        assert_eq!(second.key, first.key);
        let mut refused = answer(second, Outcome::Failed, after(61));
        (refused.class, refused.phase) = (Some("hard".to_owned()), Phase::RcptTo);
        record(db, &[refused], after(61)).await;

        let page = async |state, after| ledger::page(db.reader(), mailing, state, after, 2).await.unwrap();
        let all = page(None, None).await;
        assert_eq!(all.iter().map(|entry| entry.delivery.key.ordinal.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((&page(None, Some(Ordinal(1))).await[..], &all[1].last), (&all[1..], &None));
        assert_eq!(page(Some(State::Failed), None).await, all[..1]);
        let last = all[0].last.clone().unwrap();
        assert_eq!((all[0].delivery.key, all[0].delivery.subscriber), (first.key, Some(person(1))));
        assert_eq!((last.class.as_deref(), last.code, last.at), (Some("hard"), Some(550), after(61)));
        assert_eq!(ledger::entry(db.reader(), first.key).await.unwrap().as_ref(), all.first());
        let nobody = DeliveryKey::new(mailing, Ordinal(4));
        assert_eq!(ledger::entry(db.reader(), nobody).await.unwrap(), None);
    }
);

async fn decide_all(db: &Database, key: DeliveryKey, ordinals: &[i64], decision: Decision) -> HashSet<Ordinal> {
    let ordinals: Vec<_> = ordinals.iter().copied().map(Ordinal).collect();
    let txn = db.begin().await.unwrap();
    let moved = outbox::decide_all(&txn, key.mailing, &ordinals, decision, &Actor::Operator, after(9)).await.unwrap();
    txn.commit().await.unwrap();
    moved
}

async fn acts(db: &Database, act: &str) -> i64 {
    let sql = "SELECT COUNT(*) FROM outbox_acts WHERE act = $1 AND ordinal IS NOT NULL AND actor = 'operator'";
    let statement = Statement::from_sql_and_values(db.backend(), sql, [act.into()]);
    db.reader().query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}
