use database::{Database, Writes};
use domain::{Actor, DeliveryKey, MailingNo, Ordinal};
use outbox::{Error, Outcome, Phase, Recorded, State, fact};
use sea_orm::{ConnectionTrait, Statement};
use testkit::{TestDb, both, start_of_time};

use crate::stage::{
    after, answer, campaign, claim, counts, in_doubt, keys, record, send_all, state, submit, submit_some, worker,
};

both!(
    async fn what_is_resent_goes_out_as_the_second_attempt(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::resend(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        let batch = claim(db, 1, 10, late).await.unwrap();
        let second = submit(db, &batch, late).await[0];
        assert_eq!((second.key, second.attempt), (first.key, 2));
        record(db, &[answer(second, Outcome::Sent, late)], late).await;
        assert_eq!(counts(db, first.key.mailing).await.sent, 1);
        assert_eq!(
            acts(db).await,
            [("release".to_owned(), "system".to_owned()), ("resend".to_owned(), "operator".to_owned())]
        );
    }
);

both!(
    async fn a_closed_mailing_is_opened_again_for_what_is_resent(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::mailing::close(db.writer(), first.key.mailing, &Actor::System, late).await.unwrap();
        outbox::resend(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        assert_eq!(send_all(db, Outcome::Sent, late).await, 1);
    }
);

both!(
    async fn nothing_is_resent_while_a_cancelled_campaigns_rest_waits_to_be_skipped(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 3).await;
        let batch = claim(db, 1, 1, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await[0];
        record(db, &[answer(submitted, Outcome::InDoubt, after(1))], after(1)).await;
        outbox::mailing::close(db.writer(), mailing, &Actor::Operator, after(2)).await.unwrap();
        let refused = outbox::resend(db.writer(), submitted.key, &Actor::Operator, after(3)).await;
        assert!(matches!(refused, Err(Error::Closed(no)) if no == mailing));
        skip_rest(db, mailing, 10).await;
        outbox::resend(db.writer(), submitted.key, &Actor::Operator, after(3)).await.unwrap();
        assert_eq!(send_all(db, Outcome::Sent, after(4)).await, 1, "the rest stays skipped");
    }
);

both!(
    async fn proof_that_comes_in_time_spares_the_second_attempt(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::resend(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        let batch = claim(db, 1, 10, late).await.unwrap();
        assert_eq!(record(db, &[answer(first, Outcome::Sent, late)], late).await, Recorded { moved: 1, late: 1 });
        assert_eq!(submit(db, &batch, late).await, []);
        assert_eq!(state(db, first.key).await, State::Sent);
    }
);

both!(
    async fn proof_that_comes_with_the_second_attempt_spares_it(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::resend(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        let batch = claim(db, 1, 10, late).await.unwrap();
        let (answers, next) = ([answer(first, Outcome::Sent, late)], [(&batch.lease, vec![first.key])]);
        let (txn, mut writes) = (db.begin().await.unwrap(), Writes::new());
        let turn = outbox::turn(&txn, worker(1), &answers, &next, &mut writes, late).await.unwrap();
        writes.run(&txn).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!((turn.recorded, turn.submitted), (Recorded { moved: 1, late: 1 }, vec![vec![]]));
        assert_eq!((state(db, first.key).await, counts(db, first.key.mailing).await.sent), (State::Sent, 1));
    }
);

both!(
    async fn two_attempts_answered_at_once_are_both_kept(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::resend(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        let second = submit(db, &claim(db, 1, 10, late).await.unwrap(), late).await[0];
        let mut lost = answer(second, Outcome::Deferred { until: after(900) }, late);
        lost.phase = Phase::MailFrom;
        record(db, &[lost, answer(first, Outcome::Sent, late)], late).await;
        let kept = outbox::attempts(db.reader(), first.key).await.unwrap();
        assert_eq!(kept.iter().map(|a| (a.attempt, a.late)).collect::<Vec<_>>(), [(1, true), (2, false)]);
        assert_eq!(state(db, first.key).await, State::Sent, "the first was taken, so there is no third");
        assert_eq!(counts(db, first.key.mailing).await.audience(), 1);
    }
);

both!(
    async fn what_was_taken_late_is_not_tried_again_after_a_second_attempt_was_deferred(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::resend(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        let second = submit(db, &claim(db, 1, 10, late).await.unwrap(), late).await[0];
        assert_eq!(record(db, &[answer(first, Outcome::Sent, late)], late).await, Recorded { moved: 0, late: 1 });
        assert_eq!(state(db, first.key).await, State::Submitting, "the second is on its way and has its own answer");
        record(db, &[answer(second, Outcome::Deferred { until: after(900) }, late)], late).await;
        assert_eq!(state(db, first.key).await, State::Sent);
    }
);

both!(
    async fn a_late_refusal_of_the_first_attempt_says_nothing_about_the_second(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::resend(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        submit(db, &claim(db, 1, 10, late).await.unwrap(), late).await;
        assert_eq!(record(db, &[answer(first, Outcome::Failed, late)], late).await, Recorded { moved: 0, late: 1 });
        assert_eq!(state(db, first.key).await, State::Submitting);
    }
);

both!(
    async fn what_is_given_up_has_failed_and_stays_so(db: TestDb) {
        let db = db.database();
        let (first, late) = in_doubt(db).await;
        outbox::give_up(db.writer(), first.key, &Actor::Operator, late).await.unwrap();
        assert_eq!(state(db, first.key).await, State::Failed);
        let again = outbox::resend(db.writer(), first.key, &Actor::Operator, late).await;
        assert!(matches!(again, Err(Error::Delivery(refused)) if refused.from == State::Failed));
        assert!(fact::bounced(db.writer(), first.key, late).await.unwrap());
        assert_eq!(state(db, first.key).await, State::Failed);
    }
);

both!(
    async fn only_a_doubt_is_for_a_person_to_end(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 1).await;
        let key = DeliveryKey::new(mailing, Ordinal(1));
        let refused = outbox::resend(db.writer(), key, &Actor::Operator, after(1)).await;
        assert!(matches!(refused, Err(Error::Delivery(_))));
        let nobody = DeliveryKey::new(mailing, Ordinal(2));
        let refused = outbox::give_up(db.writer(), nobody, &Actor::Operator, after(1)).await;
        assert!(matches!(refused, Err(Error::UnknownDelivery(key)) if key == nobody));
    }
);

both!(
    async fn what_may_not_be_sent_is_skipped_with_the_reason(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 6).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let [first, second] = keys(&batch)[..] else { panic!("two at gmail") };
        submit_some(db, &batch, &[first], start_of_time()).await;
        let both = [(first, "suppressed"), (second, "suppressed")];
        assert_eq!(outbox::skip(db, worker(1), &both).await.unwrap(), 1, "what was begun is not skipped");
        assert_eq!(submit(db, &batch, start_of_time()).await, []);
        let skipped = outbox::find(db.reader(), second).await.unwrap().unwrap();
        assert_eq!((skipped.state, skipped.skipped_why.as_deref()), (State::Skipped, Some("suppressed")));
        assert_eq!(counts(db, mailing).await.audience(), 6);
    }
);

both!(
    async fn the_rest_of_a_cancelled_campaign_is_skipped_in_pieces(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 30).await;
        let batch = claim(db, 1, 4, start_of_time()).await.unwrap();
        let answers: Vec<_> = submit(db, &batch, start_of_time())
            .await
            .into_iter()
            .map(|submitted| answer(submitted, Outcome::Deferred { until: after(60) }, after(1)))
            .collect();
        record(db, &answers, after(1)).await;
        outbox::mailing::close(db.writer(), mailing, &Actor::Operator, after(2)).await.unwrap();
        assert!(claim(db, 1, 4, after(60)).await.is_none());
        for skipped in [20, 10, 0] {
            assert_eq!(skip_rest(db, mailing, 20).await, skipped);
        }
        assert_eq!(counts(db, mailing).await.skipped, 30);
        let held = outbox::mailing::release(db.writer(), mailing, &Actor::Operator, after(3)).await;
        assert!(matches!(held, Err(Error::Mailing(_))), "over is over");
        let late = outbox::enqueue::chunk(db.writer(), mailing, crate::stage::audience(None, 1)).await;
        assert!(matches!(late, Err(Error::Closed(no)) if no == mailing));
    }
);

both!(
    async fn a_lane_of_skipped_rows_is_passed_over(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 30).await;
        let gmail: Vec<_> = (1..=10).map(|n| (DeliveryKey::new(mailing, Ordinal(n * 3)), "suppressed")).collect();
        assert_eq!(outbox::skip(db, worker(1), &gmail).await.unwrap(), 10);
        assert_eq!(send_all(db, Outcome::Sent, start_of_time()).await, 20);
        assert!(claim(db, 1, 10, after(1)).await.is_none());
    }
);

both!(
    async fn a_mailing_that_does_not_exist_is_named(db: TestDb) {
        let db = db.database();
        let none = MailingNo(77);
        let held = outbox::mailing::hold(db.writer(), none, &Actor::Operator, after(1)).await;
        assert_eq!(held.unwrap_err().to_string(), "there is no mailing 77");
        assert_eq!(counts(db, none).await, outbox::Counts::default());
    }
);

async fn skip_rest(db: &Database, mailing: MailingNo, limit: u32) -> u64 {
    let txn = db.begin().await.unwrap();
    let skipped = outbox::skip_rest(&txn, mailing, "cancelled", limit).await.unwrap();
    txn.commit().await.unwrap();
    skipped
}

async fn acts(db: &Database) -> Vec<(String, String)> {
    let sql = "SELECT act, actor FROM outbox_acts ORDER BY id";
    let rows = db.reader().query_all_raw(Statement::from_string(db.backend(), sql)).await.unwrap();
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}

both!(
    async fn what_is_called_off_is_skipped_wherever_it_waits(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 30).await;
        // Some were put off, some are in the hands of a worker, the rest is behind the marks.
        let put_off = submit(db, &claim(db, 1, 3, start_of_time()).await.unwrap(), start_of_time()).await;
        let until = Outcome::Deferred { until: after(900) };
        record(db, &[answer(put_off[0], until, after(1)), answer(put_off[1], Outcome::Sent, after(1))], after(1)).await;
        claim(db, 2, 4, after(1)).await.unwrap();
        outbox::mailing::close(db.writer(), mailing, &Actor::Operator, after(2)).await.unwrap();
        for skipped in [7, 7, 7, 7, 0] {
            assert_eq!(skip_rest(db, mailing, 7).await, skipped);
        }
        let counts = counts(db, mailing).await;
        assert_eq!((counts.skipped, counts.sent, counts.submitting), (28, 1, 1), "what is with a relay is left alone");
    }
);
