//! What staff decide about deliveries that go no further by themselves.

use std::time::Duration;

use campaigns::{CampaignEvent, CampaignStatus, Decided, Error, Many, ledger};
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use domain::{CampaignId, DeliveryKey, InstanceId, MailingNo, Ordinal, SubscriberId};
use outbox::{Answer, Claim, Decision, Outcome, Phase, State};
use subscribers::opt_out::{Leave, What};
use testkit::{TestDb, both, scheduler};
use verdict::Class;

use crate::setting::{Setting, now, staff};

/// A campaign to so many people whose deliveries have all been tried once.
struct Tried<'a> {
    db: &'a Database,
    setting: Setting,
    id: CampaignId,
    mailing: MailingNo,
    people: Vec<SubscriberId>,
}

fn at(minutes: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(minutes)
}

impl<'a> Tried<'a> {
    /// Each ends as `how` says by its ordinal, with the class of a failure.
    async fn new(db: &'a Database, people: usize, how: impl Fn(i64) -> (Outcome, Option<Class>)) -> Self {
        let setting = Setting::lay(db).await;
        setting.people(db, people).await;
        let id = setting.scheduled(db).await.id;
        let lease = scheduler(db, now()).await;
        while campaigns::launch_due(db, &lease, now()).await.unwrap().more {}
        let mailing = campaigns::find(db.reader(), id).await.unwrap().unwrap().mailing.unwrap();
        let rows = outbox::list(db.reader(), mailing, None, None, 10_000).await.unwrap();
        let people = rows.into_iter().filter_map(|row| row.subscriber).collect();
        let tried = Self { db, setting, id, mailing, people };
        tried.send(now(), how).await;
        tried
    }

    async fn send(&self, when: DateTime<Utc>, how: impl Fn(i64) -> (Outcome, Option<Class>)) -> Vec<i64> {
        let (holder, ttl) = (InstanceId::new(now()), Duration::from_secs(60));
        let claim = Claim { holder, blocked: &[], resting: &[], urgent_only: false, limit: 500, ttl };
        let mut sent = Vec::new();
        while let Some(batch) = outbox::claim(self.db, &claim, when).await.unwrap() {
            let keys: Vec<DeliveryKey> = batch.deliveries.iter().map(|claimed| claimed.key).collect();
            let txn = self.db.begin().await.unwrap();
            let submitted = outbox::submit(&txn, &batch.lease, &keys, when).await.unwrap();
            let answer = |submitted: outbox::Submitted| {
                let (outcome, class) = how(submitted.key.ordinal.0);
                Answer {
                    key: submitted.key,
                    attempt: submitted.attempt,
                    outcome,
                    relay: "main".to_owned(),
                    phase: Phase::Dot,
                    offered: true,
                    relay_message_id: None,
                    reply: class.map(|_| "550 5.0.0 \"no\", never".parse().unwrap()),
                    class: class.map(|class| class.to_string()),
                    rule: None,
                    started_at: when,
                    answered_at: when,
                }
            };
            sent.extend(submitted.iter().map(|submitted| submitted.key.ordinal.0));
            let answers: Vec<Answer> = submitted.into_iter().map(answer).collect();
            outbox::record(&txn, holder, &answers, when).await.unwrap();
            txn.commit().await.unwrap();
            outbox::release(self.db, &batch.lease, when).await.unwrap();
        }
        sent.sort_unstable();
        sent
    }

    async fn finish(&self) {
        let lease = scheduler(self.db, at(1)).await;
        assert_eq!(campaigns::finish_drained(self.db, &lease, at(1)).await.unwrap(), 1);
    }

    async fn all(&self, decision: Decision, class: Option<Class>, after: Option<i64>) -> Result<Decided, Error> {
        let many = Many { decision, class, before: at(2), after: after.map(Ordinal) };
        let txn = self.db.begin().await.unwrap();
        let decided = campaigns::decide_many(&txn, self.id, &many, &staff(), at(3)).await?;
        txn.commit().await.unwrap();
        Ok(decided)
    }

    async fn one(&self, ordinal: i64, decision: Decision, class: Option<Class>) -> Result<(), Error> {
        let key = DeliveryKey::new(self.mailing, Ordinal(ordinal));
        let txn = self.db.begin().await.unwrap();
        campaigns::decide(&txn, key, decision, class, &staff(), at(3)).await?;
        txn.commit().await.unwrap();
        Ok(())
    }

    /// Somebody leaves.
    async fn leave(&self, ordinal: usize) {
        let leave = Leave {
            subscriber: self.people[ordinal - 1],
            what: What::Topic(self.setting.topic),
            source: subscribers::Source::Api,
            actor: staff(),
            evidence: subscribers::Evidence::none(),
        };
        subscribers::opt_out::leave(self.db, &leave, at(1)).await.unwrap();
    }

    async fn campaign(&self) -> campaigns::Campaign {
        campaigns::find(self.db.reader(), self.id).await.unwrap().unwrap()
    }

    async fn state(&self, ordinal: i64) -> State {
        outbox::find(self.db.reader(), DeliveryKey::new(self.mailing, Ordinal(ordinal))).await.unwrap().unwrap().state
    }
}

const FAILED: fn(Class) -> (Outcome, Option<Class>) = |class| (Outcome::Failed, Some(class));
const SENT: (Outcome, Option<Class>) = (Outcome::Sent, None);

both!(
    async fn what_failed_goes_again_but_for_who_is_gone_or_may_not_be_mailed(db: TestDb) {
        let tried = Tried::new(db.database(), 5, |ordinal| match ordinal {
            1 | 2 => FAILED(Class::Block),
            3 => FAILED(Class::Hard),
            4 => FAILED(Class::DomainGone),
            _ => SENT,
        })
        .await;
        tried.finish().await;
        tried.leave(2).await;
        let decided = tried.all(Decision::Retry, None, None).await.unwrap();
        assert_eq!(decided, Decided { changed: 1, gone: 2, barred: 1, doubted: 0, next: None });
        let again = tried.all(Decision::Retry, None, None).await.unwrap();
        assert_eq!(again, Decided { changed: 0, ..decided });
        let campaign = tried.campaign().await;
        assert_eq!((campaign.status, campaign.finished_at), (CampaignStatus::Sending, None));
        assert_eq!(tried.send(at(4), |_| SENT).await, [1]);
        tried.finish().await;
        let report = campaigns::report(tried.db.reader(), tried.id).await.unwrap();
        assert_eq!((report.audience, report.submission.sent, report.submission.failed), (5, 2, 3));
        let history = campaigns::history(tried.db.reader(), tried.id).await.unwrap();
        let last: Vec<_> = history.iter().rev().take(3).map(|entry| (entry.event, entry.actor.clone())).collect();
        assert_eq!(last[1], (CampaignEvent::Reopen, staff()));
        assert_eq!([last[0].0, last[2].0], [CampaignEvent::Drain; 2]);
    }
);

both!(
    async fn who_is_gone_is_tried_again_only_if_asked_for_by_name(db: TestDb) {
        let tried = Tried::new(db.database(), 3, |ordinal| match ordinal {
            3 => FAILED(Class::Content),
            _ => FAILED(Class::Hard),
        })
        .await;
        assert!(matches!(tried.one(1, Decision::Retry, None).await, Err(Error::Gone(_))));
        assert_eq!(tried.state(1).await, State::Failed);
        tried.one(1, Decision::Retry, Some(Class::Hard)).await.unwrap();
        let decided = tried.all(Decision::Retry, Some(Class::Hard), None).await.unwrap();
        assert_eq!(decided, Decided { changed: 1, ..Decided::default() });
        assert_eq!(tried.send(at(4), |_| SENT).await, [1, 2]);
    }
);

both!(
    async fn one_is_not_sent_again_to_somebody_who_may_not_be_mailed(db: TestDb) {
        let tried = Tried::new(db.database(), 2, |ordinal| match ordinal {
            1 => FAILED(Class::Block),
            _ => (Outcome::InDoubt, None),
        })
        .await;
        tried.leave(1).await;
        tried.leave(2).await;
        for (ordinal, decision) in [(1, Decision::Retry), (2, Decision::Resend)] {
            let refused = tried.one(ordinal, decision, None).await.unwrap_err();
            assert!(matches!(refused, Error::Barred(_, subscribers::Why::NotSubscribed)), "{refused}");
            assert_eq!(tried.state(ordinal).await, decision.about());
        }
        assert_eq!(tried.all(Decision::Resend, None, None).await.unwrap().barred, 1);
        tried.one(2, Decision::GiveUp, None).await.unwrap();
    }
);

both!(
    async fn nothing_of_a_cancelled_campaign_is_sent_again(db: TestDb) {
        let tried = Tried::new(db.database(), 3, |ordinal| match ordinal {
            1 => FAILED(Class::Block),
            _ => (Outcome::InDoubt, None),
        })
        .await;
        campaigns::cancel(tried.db, tried.id, None, &staff(), at(1)).await.unwrap();
        let words = "a campaign that is cancelled cannot be sent again";
        for decision in [Decision::Retry, Decision::Resend] {
            assert_eq!(tried.all(decision, None, None).await.unwrap_err().to_string(), words);
        }
        assert_eq!(tried.one(1, Decision::Retry, None).await.unwrap_err().to_string(), words);
        assert_eq!(tried.one(2, Decision::Resend, None).await.unwrap_err().to_string(), words);
        assert_eq!(tried.all(Decision::GiveUp, None, None).await.unwrap().changed, 2, "a doubt may be ended");
    }
);

both!(
    async fn many_are_decided_about_in_pieces_and_what_fails_again_is_not_meant(db: TestDb) {
        let tried = Tried::new(db.database(), 1_001, |_| FAILED(Class::Soft)).await;
        tried.finish().await;
        let first = tried.all(Decision::Retry, None, None).await.unwrap();
        assert_eq!((first.changed, first.next), (1_000, Some(Ordinal(1_000))));
        assert_eq!(tried.send(at(4), |_| FAILED(Class::Soft)).await.len(), 1_000);
        // The answer was lost, so it is asked for again from the beginning, and then from where it ended.
        assert_eq!(tried.all(Decision::Retry, None, None).await.unwrap(), Decided { changed: 0, ..first });
        let rest = tried.all(Decision::Retry, None, Some(1_000)).await.unwrap();
        assert_eq!(rest, Decided { changed: 1, ..Decided::default() });
        let report = campaigns::report(tried.db.reader(), tried.id).await.unwrap();
        assert_eq!((report.audience, report.submission.failed, report.submission.deferred), (1_001, 1_000, 1));
    }
);

both!(
    async fn a_paused_campaign_stays_paused(db: TestDb) {
        let tried = Tried::new(db.database(), 1, |_| FAILED(Class::Block)).await;
        campaigns::pause(tried.db, tried.id, None, &staff(), at(1)).await.unwrap();
        tried.one(1, Decision::Retry, None).await.unwrap();
        assert_eq!(tried.campaign().await.status, CampaignStatus::Paused);
        assert!(tried.send(at(4), |_| SENT).await.is_empty());
        campaigns::resume(tried.db, tried.id, None, &staff(), at(5)).await.unwrap();
        assert_eq!(tried.send(at(6), |_| SENT).await, [1]);
    }
);

both!(
    async fn what_is_tried_again_counts_as_new_where_too_much_fails(db: TestDb) {
        let tried = Tried::new(db.database(), 6, |_| FAILED(Class::Hard)).await;
        // Somebody resumed it after the first three of them.
        let (writer, reader) = (tried.db.writer(), tried.db.reader());
        let sql = "UPDATE attempts SET answered_at = $1 WHERE ordinal > 3";
        database::sql::execute(writer, sql, [at(2).into()]).await.unwrap();
        let sql = "INSERT INTO campaign_shares (campaign_id, since, hard, attempts_before) VALUES ($1, $2, 5, 900)";
        database::sql::execute(writer, sql, [tried.id.into(), at(1).into()]).await.unwrap();
        let counted = async || {
            let sql = "SELECT hard, attempts_before FROM campaign_shares";
            let row = database::sql::row(reader, sql, []).await.unwrap().unwrap();
            (row.try_get_by_index::<i64>(0).unwrap(), row.try_get_by_index::<i64>(1).unwrap())
        };
        tried.one(1, Decision::Retry, Some(Class::Hard)).await.unwrap();
        assert_eq!(counted().await, (5, 899), "what was over before is none of the new ones");
        tried.one(4, Decision::Retry, Some(Class::Hard)).await.unwrap();
        assert_eq!(counted().await, (4, 899));
        tried.all(Decision::Retry, Some(Class::Hard), None).await.unwrap();
        assert_eq!(counted().await, (2, 897));
    }
);

both!(
    async fn the_ledger_is_a_table_of_all_or_of_one_state(db: TestDb) {
        let tried = Tried::new(db.database(), 2, |ordinal| match ordinal {
            1 => FAILED(Class::Block),
            _ => SENT,
        })
        .await;
        let lines = async |state, after| ledger::lines(tried.db.reader(), tried.mailing, state, after).await.unwrap();
        let all = lines(None, None).await;
        assert_eq!((all.len(), lines(Some(State::Sent), None).await), (2, all[1..].to_vec()));
        assert_eq!(lines(None, Some(Ordinal(2))).await, []);
        let person = subscribers::find(tried.db.reader(), tried.people[0]).await.unwrap().unwrap();
        let (no, email) = (tried.mailing, person.email);
        assert_eq!(
            all[0].csv(),
            format!("{no}.1,{email},other,failed,1,block,550,\"\"\"no\"\", never\",,,2026-03-02T09:00:00Z,,,,\r\n")
        );
        assert_eq!(all[0].csv().matches(',').count(), ledger::HEADER.matches(',').count() + 1);
    }
);
