use domain::DeliveryKey;
use outbox::{Outcome, Phase, Recorded, State, fact};
use testkit::{TestDb, both, start_of_time};

use crate::stage::{TTL, after, answer, campaign, claim, counts, in_doubt, record, state, submit, worker};

both!(
    async fn an_answer_is_kept_with_the_relays_words(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 1).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await[0];
        let mut answer = answer(submitted, Outcome::Failed, after(2));
        answer.started_at = after(1);
        answer.phase = Phase::RcptTo;
        answer.class = Some("hard".to_owned());
        answer.rule = Some("mailbox-gone".to_owned());
        assert_eq!(record(db, &[answer], after(3)).await, Recorded { moved: 1, late: 0 });

        let kept = outbox::attempts(db.reader(), submitted.key).await.unwrap().remove(0);
        assert_eq!(
            (kept.attempt, kept.outcome, kept.phase, kept.code),
            (1, State::Failed, Some(Phase::RcptTo), Some(550))
        );
        assert_eq!(kept.reply, "<ada@example.com> is gone", "a NUL is no text");
        assert_eq!((kept.class.as_deref(), kept.rule.as_deref()), (Some("hard"), Some("mailbox-gone")));
        assert_eq!((kept.started_at, kept.answered_at, kept.noted_at), (Some(after(1)), Some(after(2)), after(3)));
        assert_eq!((kept.instance, kept.relay.as_deref(), kept.late), (Some(worker(1)), Some("main"), false));
        assert_eq!(counts(db, mailing).await.failed, 1);
    }
);

both!(
    async fn telling_an_answer_twice_changes_nothing(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 6).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let answers: Vec<_> =
            submit(db, &batch, start_of_time()).await.into_iter().map(|s| answer(s, Outcome::Sent, after(1))).collect();
        record(db, &answers, after(1)).await;
        let (before, kept) = (counts(db, mailing).await, outbox::attempts(db.reader(), answers[0].key).await.unwrap());
        assert_eq!(record(db, &answers, after(9)).await.moved, 0);
        assert_eq!(counts(db, mailing).await, before);
        assert_eq!(outbox::attempts(db.reader(), answers[0].key).await.unwrap(), kept);
    }
);

both!(
    async fn a_late_answer_is_kept_and_ends_the_doubt(db: TestDb) {
        let db = db.database();
        for (outcome, ends_as) in [
            (Outcome::Sent, State::Sent),
            (Outcome::Failed, State::Failed),
            (Outcome::Deferred { until: after(900) }, State::Deferred),
        ] {
            let db = match db.backend() {
                sea_orm::DbBackend::Sqlite => testkit::TestDb::sqlite().await,
                _ => testkit::TestDb::postgres().await.unwrap(),
            };
            let db = db.database();
            let (submitted, late) = in_doubt(db).await;
            let kept = outbox::attempts(db.reader(), submitted.key).await.unwrap().remove(0);
            assert_eq!((kept.outcome, kept.answered_at, kept.relay), (State::InDoubt, None, None));

            assert_eq!(record(db, &[answer(submitted, outcome, late)], late).await, Recorded { moved: 1, late: 1 });
            assert_eq!(state(db, submitted.key).await, ends_as);
            let kept = outbox::attempts(db.reader(), submitted.key).await.unwrap().remove(0);
            assert!(kept.late);
            assert_eq!((kept.outcome, kept.answered_at), (ends_as, Some(late)));
        }
    }
);

both!(
    async fn a_connection_lost_after_the_dot_leaves_a_doubt(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 1).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await[0];
        record(db, &[answer(submitted, Outcome::InDoubt, after(1))], after(1)).await;
        assert_eq!(state(db, submitted.key).await, State::InDoubt);
        assert!(claim(db, 1, 10, start_of_time() + TTL * 100).await.is_none(), "it is held");
        assert!(outbox::mailing::is_drained(db.reader(), mailing).await.unwrap());
    }
);

both!(
    async fn a_bounce_before_the_answer_is_a_fact_and_changes_no_state(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 1).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await[0];
        assert!(fact::bounced(db.writer(), submitted.key, after(1)).await.unwrap());
        assert_eq!(state(db, submitted.key).await, State::Submitting);
        record(db, &[answer(submitted, Outcome::Sent, after(2))], after(2)).await;
        let counts = counts(db, mailing).await;
        assert_eq!((counts.sent, counts.bounced, counts.audience()), (1, 1, 1));
    }
);

both!(
    async fn what_came_back_is_told_from_what_did_not(db: TestDb) {
        let db = db.database();
        campaign(db, 3).await;
        let mut submitted = Vec::new();
        while let Some(batch) = claim(db, 1, 10, start_of_time()).await {
            submitted.extend(submit(db, &batch, start_of_time()).await);
        }
        let keys: Vec<_> = submitted.iter().map(|submitted| submitted.key).collect();
        fact::bounced(db.writer(), keys[1], after(1)).await.unwrap();
        fact::complained(db.writer(), keys[2], after(1)).await.unwrap();
        let bounced = fact::bounced_among(db.reader(), &keys).await.unwrap();
        assert_eq!(Vec::from_iter(bounced), [keys[1]]);
        assert!(fact::bounced_among(db.reader(), &[]).await.unwrap().is_empty());
    }
);

both!(
    async fn what_bounced_is_not_in_doubt_when_its_worker_is_lost(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await[0];
        fact::bounced(db.writer(), submitted.key, after(1)).await.unwrap();
        outbox::reap(db, worker(2), after(60)).await.unwrap();
        assert_eq!(state(db, submitted.key).await, State::Sent);
    }
);

both!(
    async fn what_bounced_is_not_tried_again_whatever_the_relay_said(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await[0];
        fact::bounced(db.writer(), submitted.key, after(1)).await.unwrap();
        record(db, &[answer(submitted, Outcome::Deferred { until: after(60) }, after(2))], after(2)).await;
        assert_eq!(state(db, submitted.key).await, State::Sent);
    }
);

both!(
    async fn a_bounce_a_complaint_or_a_click_ends_a_doubt(db: TestDb) {
        let db = db.database();
        let (submitted, late) = in_doubt(db).await;
        let mailing = submitted.key.mailing;
        assert!(fact::bounced(db.writer(), submitted.key, late).await.unwrap());
        assert_eq!(state(db, submitted.key).await, State::Sent);
        assert!(!fact::bounced(db.writer(), submitted.key, late).await.unwrap(), "once is enough");
        assert!(fact::complained(db.writer(), submitted.key, late).await.unwrap());
        assert!(!fact::arrived(db.writer(), submitted.key, late).await.unwrap(), "there is no doubt left to end");
        let counts = counts(db, mailing).await;
        assert_eq!((counts.sent, counts.in_doubt, counts.bounced, counts.complained), (1, 0, 1, 1));
    }
);

both!(
    async fn a_click_ends_a_doubt(db: TestDb) {
        let db = db.database();
        let (submitted, late) = in_doubt(db).await;
        assert!(fact::arrived(db.writer(), submitted.key, late).await.unwrap());
        assert_eq!(outbox::find(db.reader(), submitted.key).await.unwrap().unwrap().sent_at, Some(late));
    }
);

both!(
    async fn nothing_comes_back_of_what_was_never_begun(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 1).await;
        for ordinal in [1, 99] {
            let key = DeliveryKey::new(mailing, domain::Ordinal(ordinal));
            assert!(!fact::bounced(db.writer(), key, after(1)).await.unwrap());
        }
        assert_eq!(counts(db, mailing).await.bounced, 0);
    }
);

both!(
    async fn what_no_relay_was_offered_is_an_attempt_and_no_try(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        let mut seen = Vec::new();
        for (step, offered) in [false, false, true, false, true].into_iter().enumerate() {
            let now = start_of_time() + TTL * u32::try_from(step).unwrap();
            let batch = claim(db, 1, 10, now).await.unwrap();
            let submitted = submit(db, &batch, now).await[0];
            seen.push((submitted.attempt, submitted.tries));
            let answer = outbox::Answer { offered, ..answer(submitted, Outcome::Deferred { until: now }, now) };
            record(db, &[answer], now).await;
        }
        assert_eq!(seen, [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2)]);
    }
);
