use std::collections::BTreeSet;
use std::time::Duration;

use database::Writes;
use domain::{Actor, DeliveryKey, MailingNo, Ordinal};
use outbox::{Batch, Claim, Outcome, State};
use testkit::{TestDb, both, start_of_time};

use crate::stage::{
    TTL, after, another_campaign, answer, campaign, claim, counts, keys, lane, record, record_for, send_all, state,
    submit, submit_some, worker,
};

async fn claim_but(db: &database::Database, blocked: &str, limit: u32) -> Option<Batch> {
    let blocked = [lane(blocked)];
    outbox::claim(
        db,
        &Claim { holder: worker(1), blocked: &blocked, resting: &[], urgent_only: false, limit, ttl: TTL },
        start_of_time(),
    )
    .await
    .unwrap()
}

both!(
    async fn a_batch_is_of_one_lane_and_in_order(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 30).await;
        let first = claim(db, 1, 4, start_of_time()).await.unwrap();
        assert_eq!(first.lane, lane("gmail"));
        assert_eq!(first.mailing.no, mailing);
        assert_eq!(keys(&first), [3, 6, 9, 12].map(|n| DeliveryKey::new(mailing, Ordinal(n))));
        let second = claim(db, 1, 4, start_of_time()).await.unwrap();
        assert_eq!(second.lane, lane("other"), "the lanes take turns");
    }
);

both!(
    async fn everybody_is_claimed_exactly_once(db: TestDb) {
        let db = db.database();
        campaign(db, 250).await;
        let mut seen = BTreeSet::new();
        while let Some(batch) = claim(db, 1, 7, start_of_time()).await {
            for key in keys(&batch) {
                assert!(seen.insert(key), "{key} twice");
            }
        }
        assert_eq!(seen.len(), 250);
    }
);

both!(
    async fn workers_side_by_side_never_share_a_row_and_lose_no_count(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 600).await;
        let work = |n: u8| async move {
            let mut mine = Vec::new();
            while let Some(batch) = claim(db, n, 5, start_of_time()).await {
                let begun = submit(db, &batch, start_of_time()).await;
                let answers: Vec<_> = begun.iter().map(|begun| answer(*begun, Outcome::Sent, after(1))).collect();
                record_for(db, n, &answers, after(1)).await;
                outbox::release(db, &batch.lease, after(1)).await.unwrap();
                mine.extend(begun);
            }
            mine
        };
        let (a, b, c) = tokio::join!(work(1), work(2), work(3));
        let all: Vec<DeliveryKey> = [a, b, c].concat().iter().map(|submitted| submitted.key).collect();
        assert_eq!(all.len(), 600);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 600);
        assert_eq!(counts(db, mailing).await, outbox::Counts { sent: 600, ..outbox::Counts::default() });
    }
);

both!(
    async fn a_blocked_lane_is_not_claimed_from(db: TestDb) {
        let db = db.database();
        campaign(db, 30).await;
        let mut claimed = 0;
        while let Some(batch) = claim_but(db, "gmail", 6).await {
            assert_eq!(batch.lane, lane("other"));
            claimed += batch.deliveries.len();
        }
        assert_eq!(claimed, 20);
        assert!(claim_but(db, "other", 6).await.is_some());
    }
);

both!(
    async fn a_frozen_claimer_past_its_lease_cannot_submit(db: TestDb) {
        let db = db.database();
        campaign(db, 2).await;
        let frozen = claim(db, 1, 10, start_of_time()).await.unwrap();
        let later = start_of_time() + TTL;
        assert_eq!(submit(db, &frozen, later).await, [], "its lease has run out");

        let other = claim(db, 2, 10, later).await.unwrap();
        assert_eq!(keys(&other), keys(&frozen));
        assert_eq!(submit(db, &frozen, start_of_time()).await, [], "even by its own slow clock: the fence has grown");
        assert_eq!(submit(db, &other, later).await.len(), 2);
        assert_eq!(submit(db, &frozen, later).await, []);
    }
);

both!(
    async fn a_lease_that_was_given_away_is_not_saved_by_being_given_to_the_same_instance(db: TestDb) {
        let db = db.database();
        campaign(db, 2).await;
        let frozen = claim(db, 1, 10, start_of_time()).await.unwrap();
        let again = claim(db, 1, 10, start_of_time() + TTL).await.unwrap();
        assert_eq!(submit(db, &frozen, start_of_time()).await, []);
        assert_eq!(submit(db, &again, start_of_time() + TTL).await.len(), 2);
    }
);

both!(
    async fn what_may_be_submitted_under_one_lease_is_not_what_another_lets_go(db: TestDb) {
        let db = db.database();
        campaign(db, 2).await;
        let over = claim(db, 1, 10, start_of_time()).await.unwrap();
        let later = start_of_time() + TTL;
        let again = claim(db, 1, 10, later).await.unwrap();
        let [first, second] = keys(&again)[..] else { panic!("{again:?}") };
        let next = [(&over.lease, vec![first, second]), (&again.lease, vec![first])];
        let txn = db.begin().await.unwrap();
        let mut writes = Writes::new();
        let submitted = outbox::turn(&txn, worker(1), &[], &next, &mut writes, later).await.unwrap().submitted;
        writes.run(&txn).await.unwrap();
        txn.commit().await.unwrap();
        let keys: Vec<Vec<_>> = submitted.iter().map(|those| those.iter().map(|one| one.key).collect()).collect();
        assert_eq!(keys, [vec![], vec![first]]);
        assert_eq!((state(db, first).await, state(db, second).await), (State::Submitting, State::Queued));
    }
);

both!(
    async fn only_what_is_overdue_is_reaped(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 4).await;
        submit(db, &claim(db, 1, 1, start_of_time()).await.unwrap(), start_of_time()).await;
        submit(db, &claim(db, 2, 1, after(30)).await.unwrap(), after(30)).await;
        assert_eq!(outbox::reap(db, worker(3), after(60)).await.unwrap(), 1);
        let counts = counts(db, mailing).await;
        assert_eq!((counts.in_doubt, counts.submitting, counts.queued), (1, 1, 2));
    }
);

both!(
    async fn what_is_under_way_is_found_overdue_however_often_it_was_looked_at_before(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 60).await;
        let first = claim_but(db, "gmail", 30).await.unwrap();
        let begun = submit(db, &first, start_of_time()).await;
        let answered = |from: usize, to: usize| -> Vec<_> {
            begun[from..to].iter().map(|one| answer(*one, Outcome::Sent, after(1))).collect()
        };
        // All but one in the middle are answered, a look between, and of the lane more is handed out.
        record(db, &answered(0, 10), after(1)).await;
        assert_eq!(outbox::reap(db, worker(3), after(1)).await.unwrap(), 0);
        record(db, &answered(11, 30), after(1)).await;
        assert_eq!(outbox::reap(db, worker(3), after(2)).await.unwrap(), 0);
        assert_eq!(outbox::reap(db, worker(3), after(3)).await.unwrap(), 0);
        assert_eq!(outbox::reap(db, worker(3), after(60)).await.unwrap(), 1);
        assert_eq!(state(db, begun[10].key).await, State::InDoubt);
        assert_eq!(outbox::reap(db, worker(3), after(60)).await.unwrap(), 0);
        assert_eq!(counts(db, mailing).await.in_doubt, 1);
    }
);

both!(
    async fn a_dead_workers_claimed_rows_return_and_only_its_submitting_ones_are_in_doubt(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 10).await;
        let now = start_of_time();
        let dead = claim_but(db, "gmail", 10).await.unwrap();
        assert_eq!(dead.deliveries.len(), 7);
        submit_some(db, &dead, &keys(&dead)[..2], now).await;

        let soon = now + TTL - Duration::from_micros(1);
        assert_eq!(outbox::reap(db, worker(2), soon).await.unwrap(), 0);
        let later = now + TTL;
        assert_eq!(outbox::reap(db, worker(2), later).await.unwrap(), 2);
        let returned = claim_but_later(db, later).await;
        assert_eq!(keys(&returned), keys(&dead)[2..]);
        let counts = counts(db, mailing).await;
        assert_eq!((counts.in_doubt, counts.queued, counts.audience()), (2, 8, 10));
        assert!(claim(db, 3, 10, later).await.is_some_and(|batch| batch.lane == lane("gmail")));
        assert!(claim(db, 3, 10, later).await.is_none());
    }
);

async fn claim_but_later(db: &database::Database, now: chrono::DateTime<chrono::Utc>) -> Batch {
    let blocked = [lane("gmail")];
    let claim = Claim { holder: worker(2), blocked: &blocked, resting: &[], urgent_only: false, limit: 10, ttl: TTL };
    outbox::claim(db, &claim, now).await.unwrap().unwrap()
}

both!(
    async fn a_range_left_behind_goes_in_pieces_to_whoever_asks_for_less(db: TestDb) {
        let db = db.database();
        campaign(db, 2).await;
        claim(db, 1, 10, start_of_time()).await.unwrap();
        let later = start_of_time() + TTL;
        let mut sent = Vec::new();
        while let Some(batch) = claim(db, 2, 1, later).await {
            assert_eq!(batch.deliveries.len(), 1);
            sent.extend(submit(db, &batch, later).await);
            outbox::release(db, &batch.lease, later).await.unwrap();
        }
        assert_eq!(sent.len(), 2);
    }
);

both!(
    async fn a_released_batch_is_free_at_once(db: TestDb) {
        let db = db.database();
        campaign(db, 2).await;
        let first = claim(db, 1, 10, start_of_time()).await.unwrap();
        let begun = submit_some(db, &first, &keys(&first)[..1], start_of_time()).await;
        outbox::release(db, &first.lease, start_of_time()).await.unwrap();
        assert_eq!(submit(db, &first, start_of_time()).await, []);
        let second = claim(db, 2, 10, start_of_time()).await.unwrap();
        assert_eq!(keys(&second), keys(&first)[1..]);
        assert_eq!(state(db, begun[0].key).await, State::Submitting, "what was begun is not touched");
    }
);

both!(
    async fn a_renewed_lease_lasts_for_what_waits_and_what_is_begun(db: TestDb) {
        let db = db.database();
        campaign(db, 2).await;
        let mut batch = claim(db, 1, 10, start_of_time()).await.unwrap();
        let begun = submit_some(db, &batch, &keys(&batch)[..1], start_of_time()).await[0];
        batch.lease = outbox::renew(db, &batch.lease, TTL, after(30)).await.unwrap().unwrap();
        assert_eq!(batch.lease.expires_at(), after(90));
        assert_eq!(outbox::reap(db, worker(2), after(80)).await.unwrap(), 0);
        assert!(claim(db, 2, 10, after(80)).await.is_none());
        assert_eq!(submit(db, &batch, after(80)).await.len(), 1);
        record(db, &[answer(begun, Outcome::Sent, after(80))], after(80)).await;
        assert_eq!(outbox::renew(db, &batch.lease, TTL, after(90)).await.unwrap(), None, "too late");
    }
);

both!(
    async fn a_deferred_row_is_tried_again_when_it_is_due(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 1).await;
        assert_eq!(send_all(db, Outcome::Deferred { until: after(300) }, start_of_time()).await, 1);
        assert!(claim(db, 1, 10, after(299)).await.is_none());
        let batch = claim(db, 1, 10, after(300)).await.unwrap();
        assert_eq!(batch.deliveries[0].attempts, 1);
        let second = submit(db, &batch, after(300)).await[0];
        assert_eq!(second.attempt, 2);
        record(db, &[answer(second, Outcome::Sent, after(301))], after(301)).await;
        let attempts = outbox::attempts(db.reader(), second.key).await.unwrap();
        assert_eq!(attempts.iter().map(|a| a.outcome).collect::<Vec<_>>(), [State::Deferred, State::Sent]);
        assert_eq!(attempts[0].reply, "try again later");
        assert_eq!(attempts[0].status.unwrap().to_string(), "4.7.1");
        assert!(outbox::mailing::is_drained(db.reader(), mailing).await.unwrap());
    }
);

both!(
    async fn a_deferred_row_of_a_lost_worker_is_simply_due_again(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        send_all(db, Outcome::Deferred { until: after(300) }, start_of_time()).await;
        let lost = claim(db, 1, 10, after(300)).await.unwrap();
        assert!(claim(db, 2, 10, after(359)).await.is_none());
        assert_eq!(submit(db, &lost, after(360)).await, [], "its lease has run out");
        let found = claim(db, 2, 10, after(360)).await.unwrap();
        assert_eq!(submit(db, &lost, after(360)).await, []);
        assert_eq!(submit(db, &lost, after(359)).await, [], "not by a slow clock either");
        assert_eq!(submit(db, &found, after(360)).await.len(), 1);
        assert_eq!(outbox::reap(db, worker(2), after(420)).await.unwrap(), 1);
    }
);

both!(
    async fn a_deferred_rows_lease_is_renewed_and_released(db: TestDb) {
        let db = db.database();
        campaign(db, 1).await;
        send_all(db, Outcome::Deferred { until: after(300) }, start_of_time()).await;
        let first = claim(db, 1, 10, after(300)).await.unwrap();
        let renewed = outbox::renew(db, &first.lease, TTL, after(330)).await.unwrap().unwrap();
        assert!(claim(db, 2, 10, after(360)).await.is_none());
        outbox::release(db, &renewed, after(370)).await.unwrap();
        let second = claim(db, 2, 10, after(370)).await.unwrap();
        assert_eq!(submit(db, &second, after(370)).await.len(), 1);
    }
);

both!(
    async fn a_hold_bites_at_once_and_a_release_lets_go_on(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 10).await;
        let (now, staff) = (start_of_time(), Actor::Operator);
        let batch = claim_but(db, "gmail", 3).await.unwrap();
        outbox::mailing::hold(db.writer(), mailing, &staff, now).await.unwrap();
        assert_eq!(submit(db, &batch, now).await, [], "what was claimed is not begun");
        assert!(claim(db, 2, 10, now).await.is_none());
        outbox::mailing::release(db.writer(), mailing, &staff, now).await.unwrap();
        assert_eq!(submit(db, &batch, now).await.len(), 3);
        assert_eq!(send_all(db, Outcome::Sent, now).await, 7);
        assert_eq!(counts(db, mailing).await.audience(), 10);
    }
);

both!(
    async fn two_campaigns_take_turns(db: TestDb) {
        let db = db.database();
        let first = campaign(db, 60).await;
        let second = another_campaign(db).await;
        let mut turns: Vec<MailingNo> = Vec::new();
        for second in 0..8 {
            turns.push(claim(db, 1, 5, after(second)).await.unwrap().mailing.no);
        }
        assert_eq!(turns.iter().filter(|no| **no == first).count(), 4);
        assert_eq!(turns.iter().filter(|no| **no == second).count(), 4);
    }
);

both!(
    async fn nothing_is_claimed_before_the_mailing_is_built(db: TestDb) {
        let db = db.database();
        crate::stage::people(db, 3).await;
        let now = start_of_time();
        let mailing =
            outbox::mailing::create_for_campaign(db.writer(), crate::stage::brand(), domain::CampaignId::new(now), now)
                .await
                .unwrap();
        let chunk = outbox::enqueue::chunk(db.writer(), mailing, crate::stage::audience(None, 2)).await.unwrap();
        assert_eq!((chunk.enqueued, chunk.last), (2, Some(crate::stage::person(2))));
        assert!(claim(db, 1, 10, now).await.is_none());
        assert!(!outbox::mailing::is_drained(db.reader(), mailing).await.unwrap());
    }
);

both!(
    async fn what_was_claimed_before_the_clock_was_set_back_is_free_and_its_claimer_begins_nothing(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 2).await;
        let ahead = start_of_time() + Duration::from_secs(3 * 60 * 60);
        let lost = claim(db, 1, 10, ahead).await.unwrap();
        assert_eq!(submit_some(db, &lost, &keys(&lost)[..1], ahead).await.len(), 1);

        assert_eq!(outbox::holders(db.reader(), start_of_time()).await.unwrap(), 0);
        let other = claim(db, 2, 10, start_of_time()).await.unwrap();
        assert_eq!(keys(&other), keys(&lost)[1..]);
        assert_eq!(submit(db, &lost, ahead).await, [], "the fence has grown");
        assert_eq!(outbox::reap(db, worker(2), start_of_time()).await.unwrap(), 1);
        assert_eq!(counts(db, mailing).await.in_doubt, 1);
        assert_eq!(submit(db, &other, start_of_time()).await.len(), keys(&other).len());
    }
);

both!(
    async fn who_renews_a_lease_when_the_clock_was_set_back_keeps_it_and_what_is_under_way(db: TestDb) {
        let db = db.database();
        campaign(db, 2).await;
        let ahead = start_of_time() + Duration::from_secs(3 * 60 * 60);
        let first = claim(db, 1, 10, ahead).await.unwrap();
        let begun = submit(db, &first, ahead).await;
        let put_off = answer(begun[0], Outcome::Deferred { until: ahead }, ahead);
        record(db, &[put_off], ahead).await;
        let again = claim(db, 1, 10, ahead).await.unwrap();
        assert_eq!(submit(db, &again, ahead).await.len(), 1);
        for lease in [&first.lease, &again.lease] {
            assert!(lease.is_set_back(start_of_time()));
            let kept = outbox::renew(db, lease, TTL, start_of_time()).await.unwrap().unwrap();
            assert_eq!(kept.expires_at(), start_of_time() + TTL);
        }
        assert_eq!(outbox::reap(db, worker(2), start_of_time()).await.unwrap(), 0);
        assert_eq!(
            outbox::reap(db, worker(2), start_of_time() + TTL).await.unwrap(),
            2,
            "it lasts no longer than others"
        );
    }
);
