//! How the last attempts ended.

use outbox::recent::{busy_lanes, last_ended, troubles, unfit};
use outbox::{Outcome, Phase};
use testkit::{TestDb, both};

use crate::stage::{after, answer, campaign, claim, keys, lane, record, submit, worker};

both! {
    async fn the_last_attempts_of_a_lane_are_read_back_without_what_waits_or_was_skipped(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 60).await;
        // Forty of the sixty are elsewhere than at gmail.
        let batch = loop {
            let batch = claim(db, 1, 30, after(0)).await.unwrap();
            if batch.lane == lane("other") {
                break batch;
            }
        };
        let submitted = submit(db, &batch, after(1)).await;
        let answers = |from: usize, to: usize, outcome, at| {
            submitted[from..to].iter().map(|one| answer(*one, outcome, after(at))).collect::<Vec<_>>()
        };
        record(db, &answers(0, 10, Outcome::Sent, 2), after(2)).await;
        let mut refused = answers(10, 14, Outcome::Failed, 3);
        refused.iter_mut().for_each(|answer| answer.class = Some("hard".to_owned()));
        // One that we withheld ourselves is no attempt.
        refused[3].offered = false;
        record(db, &refused, after(3)).await;

        assert_eq!(busy_lanes(db.reader(), after(60)).await.unwrap(), []);
        let busy = busy_lanes(db.reader(), after(0)).await.unwrap();
        let busy = busy.into_iter().find(|busy| busy.lane == lane("other")).unwrap();
        assert!(busy.mailing_no == mailing && busy.campaign_id.is_some());
        let hard = |ended: &[outbox::recent::Ended]| {
            (ended.len(), ended.iter().filter(|one| one.class.as_deref() == Some("hard")).count())
        };
        assert_eq!(hard(&last_ended(db.reader(), &busy, 300).await.unwrap()), (13, 3));
        // The sixteen that are with the relay are the last ones.
        assert_eq!(hard(&last_ended(db.reader(), &busy, 16 + 4).await.unwrap()), (3, 3));
    }
}

both! {
    async fn what_a_relay_refuses_before_it_knows_the_recipient_is_nothing_of_the_lane_s(db: TestDb) {
        let db = db.database();
        campaign(db, 30).await;
        let batch = claim(db, 1, 30, after(0)).await.unwrap();
        let submitted = submit(db, &batch, after(1)).await;
        let mut refused: Vec<_> = submitted.iter().map(|one| answer(*one, Outcome::Failed, after(2))).collect();
        let block = Some("block".to_owned());
        for (answer, phase) in refused.iter_mut().zip([Phase::MailFrom, Phase::RcptTo, Phase::Dot]) {
            (answer.class, answer.phase) = (block.clone(), phase);
        }
        record(db, &refused, after(3)).await;
        let busy = busy_lanes(db.reader(), after(0)).await.unwrap();
        let busy = busy.into_iter().find(|busy| busy.lane == batch.lane).unwrap();
        let ended = last_ended(db.reader(), &busy, 300).await.unwrap();
        assert_eq!(ended.len(), submitted.len());
        assert_eq!(ended.iter().filter(|one| one.class == block).count(), 2);
    }
}

both! {
    async fn trouble_is_what_has_failed_waits_or_was_skipped_in_open_mailings(db: TestDb) {
        let db = db.database();
        let mailing = campaign(db, 9).await;
        let trouble = async || troubles(db.reader()).await.unwrap().iter().map(|one| one.count).collect::<Vec<_>>();
        assert_eq!(trouble().await, [0]);
        let batch = claim(db, 1, 3, after(0)).await.unwrap();
        let submitted = submit(db, &batch, after(1)).await;
        record(db, &[answer(submitted[0], Outcome::Failed, after(2))], after(2)).await;
        record(db, &[answer(submitted[1], Outcome::Deferred { until: after(900) }, after(2))], after(2)).await;
        assert_eq!(trouble().await, [2]);
        let batch = claim(db, 1, 3, after(2)).await.unwrap();
        let why = format!("{}the mail is too large", outbox::recent::UNFIT_BEGINS);
        outbox::skip(db, worker(1), &[(keys(&batch)[0], &why), (keys(&batch)[1], "unsubscribed")]).await.unwrap();
        assert_eq!((trouble().await, unfit(db.reader(), mailing).await.unwrap()), (vec![4], 1));
        outbox::mailing::hold(db.writer(), mailing, &domain::Actor::Operator, after(3)).await.unwrap();
        assert!(trouble().await.is_empty());
    }
}

both! {
    async fn what_is_tried_again_is_among_the_last_attempts_however_long_ago_it_was_handed_out(db: TestDb) {
        let db = db.database();
        campaign(db, 60).await;
        let batch = loop {
            let batch = claim(db, 1, 2, after(0)).await.unwrap();
            if batch.lane == lane("other") {
                break batch;
            }
        };
        let later = Outcome::Deferred { until: after(900) };
        let first: Vec<_> = submit(db, &batch, after(1)).await.iter().map(|one| answer(*one, later, after(2))).collect();
        record(db, &first, after(2)).await;
        while let Some(batch) = claim(db, 1, 30, after(3)).await {
            let submitted = submit(db, &batch, after(3)).await;
            let sent: Vec<_> = submitted.iter().map(|one| answer(*one, Outcome::Sent, after(4))).collect();
            record(db, &sent, after(4)).await;
        }
        let busy = busy_lanes(db.reader(), after(0)).await.unwrap();
        let of = |name| busy.iter().find(|busy| busy.lane == lane(name)).unwrap();
        let refused = async |name| {
            let ended = last_ended(db.reader(), of(name), 5).await.unwrap();
            (ended.len(), ended.iter().filter(|one| one.class.as_deref() == Some("block")).count())
        };
        assert_eq!(refused("other").await, (5, 0));
        let batch = loop {
            let batch = claim(db, 1, 30, after(900)).await.unwrap();
            if batch.lane == lane("other") {
                break batch;
            }
        };
        let again = submit(db, &batch, after(900)).await;
        let mut again: Vec<_> = again.iter().map(|one| answer(*one, Outcome::Failed, after(901))).collect();
        again.iter_mut().for_each(|answer| answer.class = Some("block".to_owned()));
        record(db, &again, after(901)).await;
        assert_eq!((refused("other").await, refused("gmail").await), ((7, 2), (5, 0)));
        // Each stands once, though it is among the last deliveries as well.
        assert_eq!(last_ended(db.reader(), of("other"), 300).await.unwrap().len(), 42);
    }
}
