use domain::{DeliveryKey, EmailAddress, MailKind, Ordinal};
use outbox::enqueue::{self, Intent};
use outbox::{Outcome, State};
use serde_json::json;
use testkit::{TestDb, both, start_of_time};

use crate::stage::{after, answer, brand, campaign, claim, counts, lane, person, record, send_all, state, submit};

both!(
    async fn an_erased_person_is_skipped_unlinked_and_no_longer_named(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 3).await;
        send_all(db, Outcome::Failed, start_of_time()).await;
        let waiting = crate::stage::another_campaign(db).await;
        outbox::forget(db.writer(), person(2)).await.unwrap();

        let sent = DeliveryKey::new(mailing, Ordinal(2));
        let row = outbox::find(db.reader(), sent).await.unwrap().unwrap();
        assert_eq!((row.state, row.subscriber, row.recipient), (State::Failed, None, None));
        assert_eq!(outbox::attempts(db.reader(), sent).await.unwrap()[0].reply, "");
        let other = outbox::attempts(db.reader(), DeliveryKey::new(mailing, Ordinal(1))).await.unwrap();
        assert_eq!(other[0].reply, "<ada@example.com> is gone");

        let row = outbox::find(db.reader(), DeliveryKey::new(waiting, Ordinal(2))).await.unwrap().unwrap();
        assert_eq!((row.state, row.skipped_why.as_deref(), row.subscriber), (State::Skipped, Some("erased"), None));
        assert_eq!(counts(db, waiting).await.audience(), 3);
        assert_eq!(send_all(db, Outcome::Sent, after(1)).await, 2);
    }
);

both!(
    async fn an_answer_after_the_erasure_does_not_bring_the_address_back(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await[0];
        outbox::forget(db.writer(), person(1)).await.unwrap();
        assert_eq!(state(db, submitted.key).await, State::Submitting, "what is with a relay is answered");
        record(db, &[answer(submitted, Outcome::Failed, after(1))], after(1)).await;
        let kept = outbox::attempts(db.reader(), submitted.key).await.unwrap().remove(0);
        assert_eq!((kept.outcome, kept.code, kept.reply.as_str()), (State::Failed, Some(550), ""));
    }
);

both!(
    async fn an_erased_address_is_found_where_no_person_is_named(db: TestDb) {
        let db = db.database();
        let address: EmailAddress = "ada@example.com".parse().unwrap();
        let stream = outbox::mailing::stream(db.writer(), brand(), MailKind::Test, start_of_time()).await.unwrap();
        let intent = Intent {
            subscriber: None,
            recipient: Some(address.clone()),
            lane: lane("other"),
            data: json!({"to": address}),
        };
        let key = enqueue::one(db.writer(), stream, intent).await.unwrap();
        outbox::forget_address(db.writer(), &address).await.unwrap();
        let row = outbox::find(db.reader(), key).await.unwrap().unwrap();
        assert_eq!((row.state, row.recipient), (State::Skipped, None));
        assert!(claim(db, 1, 10, after(1)).await.is_none());
    }
);
