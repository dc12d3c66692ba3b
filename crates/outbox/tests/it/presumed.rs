//! A round that is as presumed, and rounds that are not.

use std::slice::from_ref;

use chrono::{DateTime, Utc};
use database::{Database, Writes};
use domain::{Actor, DeliveryKey};
use outbox::{Answer, Batch, Lease, Outcome, State, Submitted, attempts, fact};
use sea_orm::{ConnectionTrait, DbErr};
use testkit::{TestDb, both, start_of_time};

use crate::stage::{after, answer, campaign, claim, counts, keys, record, state, submit_some, worker};

/// Writes for worker 1: what was heard, and what is begun of the batch.
fn presume(
    db: &Database,
    answers: &[Answer],
    next: &[(&Lease, Vec<DeliveryKey>)],
    now: DateTime<Utc>,
) -> Option<(Writes, Vec<Vec<Submitted>>)> {
    let mut writes = Writes::new();
    let begun = outbox::presume(db.backend(), worker(1), answers, next, &mut writes, now)?;
    Some((writes, begun))
}

/// A campaign of nine, of which the six elsewhere are claimed and the first two begun.
struct Half {
    batch: Batch,
    begun: Vec<Submitted>,
}

impl Half {
    async fn of(db: &Database) -> Self {
        campaign(db, 9).await;
        let mut batch = claim(db, 1, 6, start_of_time()).await.unwrap();
        if batch.deliveries.len() < 6 {
            batch = claim(db, 1, 6, start_of_time()).await.unwrap();
        }
        let begun = submit_some(db, &batch, &keys(&batch)[..2], start_of_time()).await;
        Self { batch, begun }
    }

    fn answers(&self, outcome: Outcome) -> Vec<Answer> {
        self.begun.iter().map(|begun| answer(*begun, outcome, after(1))).collect()
    }

    /// The third and fourth.
    fn next(&self) -> Vec<DeliveryKey> {
        keys(&self.batch)[2..4].to_vec()
    }

    /// Presumes that the two were taken and the next two can be begun, and commits.
    async fn go_on(&self, db: &Database, now: DateTime<Utc>) -> Result<Vec<Submitted>, DbErr> {
        let answers = self.answers(Outcome::Sent);
        let (writes, begun) = presume(db, &answers, &[(&self.batch.lease, self.next())], now).unwrap();
        writes.commit(db).await.map(|()| begun.concat())
    }
}

both! {
    async fn a_round_that_is_as_presumed_is_written_at_once(db: TestDb) {
        let db = db.database();
        let half = Half::of(db).await;
        let until = after(600);
        let (taken, deferred) = (half.begun[0], half.begun[1]);
        let answers = [answer(taken, Outcome::Sent, after(1)), answer(deferred, Outcome::Deferred { until }, after(2))];
        let (writes, begun) = presume(db, &answers, &[(&half.batch.lease, half.next())], after(3)).unwrap();
        writes.commit(db).await.unwrap();

        let expected: Vec<_> = half.next().into_iter().map(|key| Submitted { key, attempt: 1, tries: 1 }).collect();
        assert_eq!(begun, from_ref(&expected));
        for submitted in expected {
            let delivery = outbox::find(db.reader(), submitted.key).await.unwrap().unwrap();
            assert_eq!(delivery.state, State::Submitting);
        }
        let first = outbox::find(db.reader(), taken.key).await.unwrap().unwrap();
        assert_eq!((first.state, first.due_at, first.sent_at), (State::Sent, None, Some(after(1))));
        let second = outbox::find(db.reader(), deferred.key).await.unwrap().unwrap();
        assert_eq!((second.state, second.due_at, second.sent_at), (State::Deferred, Some(until), None));
        let kept = attempts(db.reader(), taken.key).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].outcome, kept[0].code, kept[0].late), (State::Sent, Some(250), false));
        assert_eq!((kept[0].noted_at, &*kept[0].reply), (after(3), "queued"));
        let counts = counts(db, taken.key.mailing).await;
        assert_eq!((counts.queued, counts.submitting, counts.sent, counts.deferred), (5, 2, 1, 1));
        // If no answer comes before the lease ends, whoever looks finds them.
        assert_eq!(outbox::reap(db, worker(2), half.batch.lease.expires_at()).await.unwrap(), 2);
    }
}

/// What may have happened between a round and the last.
const OTHERWISE: [&str; 8] =
    ["answered", "erased", "bounced", "begun", "skipped", "held", "the lease is over", "somebody else has the lease"];

/// Makes one of them happen.
async fn happen(db: &Database, half: &Half, what: &str) {
    let (first, next, now) = (half.begun[0].key, half.next(), after(2));
    let sql =
        |sql: String| async move { assert!(db.writer().execute_unprepared(&sql).await.unwrap().rows_affected() > 0) };
    match what {
        "answered" => drop(record(db, &[answer(half.begun[0], Outcome::InDoubt, now)], now).await),
        "erased" => {
            let of = format!("mailing_no = {} AND ordinal = {}", first.mailing.0, first.ordinal.0);
            sql(format!("UPDATE deliveries SET subscriber_id = NULL WHERE {of}")).await;
        }
        "bounced" => drop(fact::bounced(db.writer(), first, now).await.unwrap()),
        "begun" => drop(submit_some(db, &half.batch, &next[..1], now).await),
        "skipped" => drop(outbox::skip(db, worker(2), &[(next[1], "has left")]).await.unwrap()),
        "held" => outbox::mailing::hold(db.writer(), first.mailing, &Actor::System, now).await.map(drop).unwrap(),
        "the lease is over" => {}
        "somebody else has the lease" => sql("UPDATE outbox_leases SET fence = fence + 1".to_owned()).await,
        other => panic!("nothing makes it so that {other}"),
    }
}

both! {
    async fn nothing_is_done_of_a_round_that_finds_anything_else(db: TestDb) {
        let db = db.database();
        let mut half = Half::of(db).await;
        for what in OTHERWISE {
            happen(db, &half, what).await;
            let before = counts(db, half.begun[0].key.mailing).await;
            let now = if what == "the lease is over" { half.batch.lease.expires_at() } else { after(3) };
            assert_eq!(half.go_on(db, now).await, Err(DbErr::RecordNotUpdated), "{what}");
            assert_eq!(counts(db, half.begun[0].key.mailing).await, before, "{what}");
            assert_eq!(state(db, half.begun[1].key).await, State::Submitting, "{what}");
            assert_eq!(attempts(db.reader(), half.begun[1].key).await.unwrap(), [], "{what}");
            // A campaign more, of the same people.
            db.writer().execute_unprepared("DROP TABLE people").await.unwrap();
            db.writer().execute_unprepared("UPDATE mailings SET state = 'held'").await.unwrap();
            half = Half::of(db).await;
        }
        half.go_on(db, after(3)).await.unwrap();
    }
}

both! {
    async fn what_is_not_of_the_usual_kind_is_not_presumed(db: TestDb) {
        let db = db.database();
        let half = Half::of(db).await;
        let until = after(60);
        let lease = &half.batch.lease;
        assert!(presume(db, &half.answers(Outcome::Sent), &[(lease, half.next())], after(1)).is_some());
        for outcome in [Outcome::Failed, Outcome::InDoubt] {
            assert!(presume(db, &half.answers(outcome), &[], after(1)).is_none(), "{outcome:?}");
        }
        let again = Submitted { attempt: 2, ..half.begun[0] };
        assert!(presume(db, &[answer(again, Outcome::Deferred { until }, after(1))], &[], after(1)).is_none());
        let once = answer(half.begun[0], Outcome::Sent, after(1));
        assert!(presume(db, &[once.clone(), once.clone()], &[], after(1)).is_none());
        assert!(presume(db, from_ref(&once), &[(lease, vec![once.key])], after(1)).is_none());
        let next = half.next();
        assert!(presume(db, &[], &[(lease, next.clone()), (lease, next.clone())], after(1)).is_none());
        let mut writes = Writes::new();
        let theirs = outbox::presume(db.backend(), worker(2), &[], &[(lease, next)], &mut writes, after(1));
        assert_eq!(theirs, None, "the lease is another's");

        record(db, &half.answers(Outcome::Deferred { until }), after(1)).await;
        let due = loop {
            let batch = claim(db, 1, 9, until).await.unwrap();
            if batch.deliveries.iter().any(|delivery| delivery.attempts > 0) {
                break batch;
            }
        };
        assert!(presume(db, &[], &[(&due.lease, keys(&due))], until).is_none(), "a second attempt");
    }
}
