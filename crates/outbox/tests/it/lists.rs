use domain::Ordinal;
use outbox::{Outcome, State};
use testkit::{TestDb, both, start_of_time};

use crate::stage::{after, another_campaign, answer, campaign, claim, lane, person, record, submit};

both!(
    async fn deliveries_are_listed_by_state_and_page(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 9).await;
        let batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let submitted = submit(db, &batch, start_of_time()).await;
        record(db, &[answer(submitted[1], Outcome::Deferred { until: after(60) }, after(1))], after(1)).await;

        let page = |state, after, limit| outbox::list(db.reader(), mailing, state, after, limit);
        let ordinals = |page: Vec<outbox::Delivery>| page.iter().map(|d| d.key.ordinal.0).collect::<Vec<_>>();
        assert_eq!(ordinals(page(None, None, 4).await.unwrap()), [1, 2, 3, 4]);
        assert_eq!(ordinals(page(None, Some(Ordinal(7)), 4).await.unwrap()), [8, 9]);
        assert_eq!(ordinals(page(Some(State::Submitting), None, 4).await.unwrap()), [3, 9]);
        assert_eq!(ordinals(page(Some(State::Queued), Some(Ordinal(4)), 2).await.unwrap()), [5, 7]);

        let deferred = page(Some(State::Deferred), None, 4).await.unwrap().remove(0);
        assert_eq!((deferred.due_at, deferred.attempts), (Some(after(60)), 1));
        assert_eq!((deferred.subscriber, deferred.lane), (Some(person(6)), lane("gmail")));
        let submitting = outbox::find(db.reader(), submitted[0].key).await.unwrap().unwrap();
        assert_eq!(submitting.due_at, None, "a worker's deadline is nobody's business");
    }
);

both!(
    async fn the_attempts_of_a_mailing_are_listed_between_two_ordinals(db: TestDb) {
        let db = db.database();
        let (mailing, _) = (campaign(db, 9).await, another_campaign(db).await);
        while let Some(batch) = claim(db, 1, 10, start_of_time()).await {
            let submitted = submit(db, &batch, start_of_time()).await;
            let answers: Vec<_> = submitted.iter().map(|one| answer(*one, Outcome::Sent, after(1))).collect();
            record(db, &answers, after(1)).await;
        }
        let mut all = Vec::new();
        for ordinal in 1..=9 {
            let kept =
                outbox::attempts(db.reader(), domain::DeliveryKey::new(mailing, Ordinal(ordinal))).await.unwrap();
            all.extend(kept.into_iter().map(|attempt| (Ordinal(ordinal), attempt)));
        }
        assert_eq!(all.len(), 9);
        let between =
            async |after, to| outbox::attempts_between(db.reader(), mailing, Ordinal(after), Ordinal(to)).await;
        assert_eq!(between(0, 9).await.unwrap(), all);
        assert_eq!(between(3, 5).await.unwrap(), all[3..5]);
        assert_eq!(between(9, 20).await.unwrap(), []);
    }
);
