//! What is done when too much of a campaign goes wrong, and at whom.

mod provider;
mod stage;

use campaigns::{CampaignStatus, PauseReason, Watch};
use chrono::TimeDelta;
use domain::{Actor, DeliveryKey, InstanceId};
use limits::{Cause, Level, Share};
use outbox::Outcome;
use testkit::{TestDb, both, scheduler};

use crate::setting::staff;
use stage::{Stage, at, share};

both! {
    async fn hard_bounces_warn_and_then_pause_the_campaign_with_the_reason_and_once(db: TestDb) {
        let mut stage = Stage::set(db.database(), 300).await;
        stage.send(100, 2, "hard", "code.hard").await;
        stage.look().await;
        assert_eq!(stage.raised().await, []);
        stage.send(10, 1, "hard", "code.hard").await;
        stage.look().await;
        stage.look().await;
        assert_eq!(stage.raised().await, [(Cause::HardBounces, Level::Warning, share(3, 110))]);
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);

        stage.send(10, 4, "hard", "code.hard").await;
        stage.look().await;
        stage.look().await;
        let paused = stage.campaign().await;
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 7, of: 120 }, words: None };
        assert_eq!((paused.status, paused.paused_because), (CampaignStatus::Paused, Some(because.clone())));
        let history = campaigns::history(db.database().reader(), paused.id).await.unwrap();
        let last = history.last().unwrap();
        assert_eq!((last.because.clone(), last.actor.clone()), (Some(because), Actor::rule("share.hard_bounces")));
        let mailing = outbox::mailing::find(db.database().reader(), stage.mailing).await.unwrap().unwrap();
        assert_eq!(mailing.state, outbox::MailingState::Held);
        assert_eq!((stage.raised().await.len(), stage.mails().await), (2, 2));
    }
}

both! {
    async fn a_campaign_that_is_resumed_is_not_paused_by_the_same_attempts_but_by_new_ones(db: TestDb) {
        let mut stage = Stage::set(db.database(), 300).await;
        let before = stage.send(100, 9, "hard", "code.hard").await;
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Paused);
        let resumed = campaigns::resume(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        assert_eq!(resumed.paused_because, None);
        assert!(stage.alerts().await.iter().all(|alert| alert.ended_at.is_some()), "what was told of is over");

        // Not by what comes back of mails from before, either.
        stage.send(51, 0, "", "").await;
        for key in &before[50..80] {
            stage.came_back(*key, activity::Kind::Bounced, "hard").await;
        }
        stage.look().await;
        stage.watch = Watch::default();
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);

        stage.send(9, 4, "hard", "code.hard").await;
        stage.look().await;
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 4, of: 60 }, words: None };
        assert_eq!(stage.campaign().await.paused_because, Some(because));
        assert_eq!(stage.mails().await, 2);
    }
}

both! {
    async fn what_was_deferred_before_a_resume_counts_when_it_is_tried_again(db: TestDb) {
        let mut stage = Stage::set(db.database(), 1_100).await;
        let until = at(1_500);
        stage.offer(1_000, 0, "", "", Outcome::Deferred { until }).await;
        campaigns::pause(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        campaigns::resume(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        let mut sent = stage.send(60, 0, "", "").await;
        stage.sent = 1_500;
        sent.extend(stage.send(1_000, 0, "", "").await);
        for key in &sent[..4] {
            stage.came_back(*key, activity::Kind::Bounced, "hard").await;
        }
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
        assert_eq!(stage.raised().await, [], "four of 1,060 are few");
    }
}

both! {
    async fn what_failed_before_a_resume_and_is_tried_again_takes_nothing_from_what_went_since(db: TestDb) {
        let mut stage = Stage::set(db.database(), 700).await;
        stage.send(140, 100, "content", "code.content").await;
        let resumed = stage.sent;
        campaigns::pause(stage.db, stage.campaign.id, None, &staff(), at(resumed)).await.unwrap();
        campaigns::resume(stage.db, stage.campaign.id, None, &staff(), at(resumed)).await.unwrap();
        stage.send(80, 4, "hard", "code.hard").await;
        stage.look().await;
        let shown = [(Cause::HardBounces, Level::Warning, share(4, 80))];
        assert_eq!(stage.raised().await, shown);
        let many = campaigns::Many { decision: outbox::Decision::Retry, class: None, before: at(stage.sent), after: None };
        let (id, now) = (stage.campaign.id, at(stage.sent));
        let txn = stage.db.begin().await.unwrap();
        let decided = campaigns::decide_many(&txn, id, &many, &staff(), now).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(decided.changed, 100);
        stage.send(50, 0, "", "").await;
        stage.look().await;
        assert_eq!((stage.campaign().await.status, stage.raised().await), (CampaignStatus::Sending, shown.to_vec()));
    }
}

both! {
    async fn only_the_last_two_hundred_count_while_nothing_comes_back(db: TestDb) {
        let mut stage = Stage::set(db.database(), 900).await;
        stage.send(650, 0, "", "").await;
        stage.look().await;
        // Eleven of the last two hundred, and not two in a hundred of all.
        stage.send(200, 11, "hard", "code.hard").await;
        stage.look().await;
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 11, of: 200 }, words: None };
        assert_eq!(stage.campaign().await.paused_because, Some(because));
    }
}

both! {
    async fn what_comes_back_later_counts_over_the_whole_campaign(db: TestDb) {
        let mut stage = Stage::set(db.database(), 600).await;
        let sent = stage.send(500, 0, "", "").await;
        for key in &sent[..26] {
            stage.came_back(*key, activity::Kind::Bounced, "hard").await;
        }
        stage.came_back(sent[30], activity::Kind::Bounced, "block").await;
        stage.look().await;
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 26, of: 500 }, words: None };
        assert_eq!(stage.campaign().await.paused_because, Some(because));
    }
}

both! {
    async fn complaints_warn_and_pause_and_one_of_them_does_neither(db: TestDb) {
        let mut stage = Stage::set(db.database(), 300).await;
        let sent = stage.send(200, 0, "", "").await;
        let complain = async |stage: &mut Stage<'_>, n: usize| {
            stage.came_back(sent[n], activity::Kind::Complained, "").await;
            stage.look().await;
        };
        complain(&mut stage, 0).await;
        assert_eq!(stage.raised().await, []);
        complain(&mut stage, 1).await;
        assert_eq!(stage.raised().await, [(Cause::Complaints, Level::Warning, share(2, 200))]);
        complain(&mut stage, 2).await;
        complain(&mut stage, 3).await;
        assert_eq!(stage.campaign().await.paused_because.unwrap().cause, Cause::Complaints);
    }
}

both! {
    async fn a_campaign_that_is_through_is_told_of_for_a_week(db: TestDb) {
        let mut stage = Stage::set(db.database(), 100).await;
        let sent = stage.send(100, 0, "", "").await;
        let lease = scheduler(stage.db, at(stage.sent)).await;
        assert_eq!(campaigns::finish_drained(stage.db, &lease, at(stage.sent)).await.unwrap(), 1);
        for key in &sent[..6] {
            stage.came_back(*key, activity::Kind::Bounced, "hard").await;
        }
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sent);
        assert_eq!(stage.raised().await, [(Cause::HardBounces, Level::Warning, share(6, 100))]);
        alerts::end(stage.db.writer(), &stage.alerts().await[0].alarm.subject, at(stage.sent)).await.unwrap();

        stage.sent += 8 * 24 * 3_600;
        stage.came_back(sent[7], activity::Kind::Bounced, "hard").await;
        stage.look().await;
        assert_eq!(stage.raised().await.len(), 1);
    }
}

both! {
    async fn what_was_told_of_a_campaign_that_is_through_is_over_after_a_week(db: TestDb) {
        let mut stage = Stage::set(db.database(), 100).await;
        let sent = stage.send(100, 0, "", "").await;
        let lease = scheduler(stage.db, at(stage.sent)).await;
        assert_eq!(campaigns::finish_drained(stage.db, &lease, at(stage.sent)).await.unwrap(), 1);
        for key in &sent[..6] {
            stage.came_back(*key, activity::Kind::Bounced, "hard").await;
        }
        stage.look().await;
        stage.sent += 6 * 24 * 3_600;
        stage.look().await;
        assert_eq!(stage.alerts().await[0].ended_at, None);
        stage.sent += 2 * 24 * 3_600;
        stage.look().await;
        assert_eq!(stage.alerts().await[0].ended_at, Some(at(stage.sent)));
    }
}

both! {
    async fn a_campaign_that_was_called_off_is_told_of_no_more(db: TestDb) {
        let mut stage = Stage::set(db.database(), 200).await;
        let sent = stage.send(100, 0, "", "").await;
        campaigns::cancel(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        for key in &sent[..6] {
            stage.came_back(*key, activity::Kind::Bounced, "hard").await;
        }
        stage.look().await;
        assert_eq!(stage.raised().await, []);
    }
}

both! {
    async fn a_campaign_whose_template_fails_too_many_is_paused(db: TestDb) {
        let mut stage = Stage::set(db.database(), 300).await;
        let keys = stage.send(100, 0, "", "").await;
        let why = format!("{}the mail has too many bytes", outbox::recent::UNFIT_BEGINS);
        let last = keys.last().unwrap().ordinal.0;
        let unfit: Vec<_> = (1..=6)
            .map(|n| (DeliveryKey::new(stage.mailing, domain::Ordinal(last + n)), why.as_str()))
            .collect();
        outbox::skip(stage.db, InstanceId::from_bytes([1; 16]), &unfit).await.unwrap();
        stage.look().await;
        let because = PauseReason { cause: Cause::Unfit, share: Share { count: 6, of: 106 }, words: None };
        assert_eq!(stage.campaign().await.paused_because, Some(because));
        // Somebody has seen it.
        campaigns::resume(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
    }
}

both! {
    async fn a_message_that_is_refused_for_what_it_says_stops_the_campaign_until_somebody_has_read_it(db: TestDb) {
        let mut stage = Stage::set(db.database(), 200).await;
        // One filter's taste is no reason to stop everybody's mail.
        let keys = stage.send(3, 1, "content", "content.spam").await;
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
        stage.refused_later(keys[1], "an attachment is not allowed").await;
        stage.look().await;
        let paused = stage.campaign().await;
        let because = |count, of, words: &str| {
            Some(PauseReason { cause: Cause::Content, share: Share { count, of }, words: Some(words.to_owned()) })
        };
        let words = "an attachment is not allowed";
        assert_eq!((paused.status, paused.paused_because), (CampaignStatus::Paused, because(2, 3, words)));
        assert_eq!(stage.raised().await, [(Cause::Content, Level::Pause, share(2, 3))]);
        assert_eq!((stage.alerts().await[0].alarm.words.as_str(), stage.mails().await), (words, 1));
        campaigns::resume(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        // Who has read it and lets it go on is not stopped by the next server alone, nor by what is told of the first messages.
        stage.sent += 1;
        stage.refused_later(keys[2], "a virus was found").await;
        let keys = stage.send(100, 1, "content", "content.virus").await;
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
        for key in &keys[1..7] {
            stage.refused_later(*key, "a virus was found").await;
        }
        stage.look().await;
        let paused = stage.campaign().await;
        let because = because(7, 100, "a virus was found");
        assert_eq!((paused.status, paused.paused_because), (CampaignStatus::Paused, because));
    }
}

both! {
    async fn words_that_nobody_was_told_stop_a_campaign_that_was_resumed_for_something_else(db: TestDb) {
        let mut stage = Stage::set(db.database(), 300).await;
        let keys = stage.send(150, 0, "", "").await;
        campaigns::pause(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        stage.refused_later(keys[0], "a virus was found").await;
        stage.look().await;
        assert_eq!(stage.campaign().await.paused_because, None);
        campaigns::resume(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        stage.look().await;
        let paused = stage.campaign().await;
        let because = paused.paused_because.unwrap();
        assert_eq!((because.cause, because.words.as_deref()), (Cause::Content, Some("a virus was found")));
    }
}

both! {
    async fn who_has_lost_the_lease_pauses_nobody(db: TestDb) {
        let mut stage = Stage::set(db.database(), 300).await;
        stage.send(100, 6, "hard", "code.hard").await;
        stage.settle().await;
        let lease = scheduler(stage.db, at(stage.sent)).await;
        let late = lease.expires_at + TimeDelta::seconds(1);
        assert!(stage.watch.round(stage.db, &lease, late).await.is_err());
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
    }
}
