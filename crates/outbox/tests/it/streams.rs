use domain::{EmailAddress, MailKind, Ordinal};
use outbox::enqueue::{self, Intent};
use outbox::{Outcome, mailing};
use serde_json::json;
use testkit::{TestDb, both, start_of_time};

use crate::stage::{after, answer, brand, campaign, claim, counts, lane, person, record, send_all, submit};

fn intent(n: u32) -> Intent {
    Intent { subscriber: Some(person(n)), recipient: None, lane: lane("other"), data: json!({"n": n}) }
}

both!(
    async fn a_stream_is_one_mailing_for_each_brand_and_kind(db: TestDb) {
        let db = db.database();
        let now = start_of_time();
        let first = mailing::stream(db.writer(), brand(), MailKind::Confirmation, now).await.unwrap();
        assert_eq!(mailing::stream(db.writer(), brand(), MailKind::Confirmation, after(9)).await.unwrap(), first);
        assert_ne!(mailing::stream(db.writer(), brand(), MailKind::Welcome, now).await.unwrap(), first);
        let found = mailing::find(db.reader(), first).await.unwrap().unwrap();
        assert_eq!((found.kind, found.brand, found.campaign), (MailKind::Confirmation, brand(), None));
        assert_eq!(found.created_at, now);
    }
);

both!(
    async fn an_intent_goes_out_as_it_came_in(db: TestDb) {
        let db = db.database();
        let now = start_of_time();
        let stream = mailing::stream(db.writer(), brand(), MailKind::Test, now).await.unwrap();
        let address: EmailAddress = "test@example.com".parse().unwrap();
        let key =
            enqueue::one(db.writer(), stream, Intent { recipient: Some(address.clone()), ..intent(1) }).await.unwrap();
        assert_eq!(key.ordinal, Ordinal(1));
        let claimed = claim(db, 1, 10, now).await.unwrap().deliveries.remove(0);
        assert_eq!((claimed.key, claimed.subscriber, claimed.recipient), (key, Some(person(1)), Some(address)));
        assert_eq!((claimed.attempts, claimed.data), (0, json!({"n": 1})));
    }
);

both!(
    async fn what_is_enqueued_later_is_claimed_later(db: TestDb) {
        let db = db.database();
        let stream = mailing::stream(db.writer(), brand(), MailKind::Welcome, start_of_time()).await.unwrap();
        for n in 1..=5 {
            enqueue::one(db.writer(), stream, intent(n)).await.unwrap();
            assert_eq!(send_all(db, Outcome::Sent, after(i64::from(n))).await, 1);
        }
        assert!(claim(db, 1, 10, after(9)).await.is_none());
        assert_eq!(counts(db, stream).await.sent, 5);
    }
);

both!(
    async fn an_intent_that_is_rolled_back_was_never_there(db: TestDb) {
        let db = db.database();
        let stream = mailing::stream(db.writer(), brand(), MailKind::Welcome, start_of_time()).await.unwrap();
        let txn = db.begin().await.unwrap();
        enqueue::one(&txn, stream, intent(1)).await.unwrap();
        txn.rollback().await.unwrap();
        assert!(claim(db, 1, 10, after(1)).await.is_none());
        assert_eq!(counts(db, stream).await.audience(), 0);
    }
);

both!(
    async fn mail_that_somebody_waits_for_overtakes_a_campaign(db: TestDb) {
        let db = db.database();
        campaign(db, 30).await;
        claim(db, 1, 5, start_of_time()).await.unwrap();
        let stream = mailing::stream(db.writer(), brand(), MailKind::Confirmation, start_of_time()).await.unwrap();
        enqueue::one(db.writer(), stream, intent(1)).await.unwrap();
        assert_eq!(claim(db, 1, 5, after(1)).await.unwrap().mailing.no, stream);
        assert_ne!(claim(db, 1, 5, after(1)).await.unwrap().mailing.no, stream);
    }
);

both!(
    async fn a_deferred_confirmation_overtakes_a_campaign_too(db: TestDb) {
        let db = db.database();
        campaign(db, 30).await;
        let stream = mailing::stream(db.writer(), brand(), MailKind::Confirmation, start_of_time()).await.unwrap();
        enqueue::one(db.writer(), stream, intent(1)).await.unwrap();
        let submitted = submit(db, &claim(db, 1, 5, start_of_time()).await.unwrap(), start_of_time()).await[0];
        record(db, &[answer(submitted, Outcome::Deferred { until: after(60) }, after(1))], after(1)).await;
        assert_ne!(claim(db, 1, 5, after(59)).await.unwrap().mailing.no, stream);
        assert_eq!(claim(db, 1, 5, after(60)).await.unwrap().mailing.no, stream);
    }
);
