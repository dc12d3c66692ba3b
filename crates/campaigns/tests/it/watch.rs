//! What is done when too much of a campaign goes wrong, and at whom.

use alerts::Alert;
use campaigns::{Campaign, CampaignStatus, PauseReason, Watch};
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use domain::{Actor, DeliveryKey, InstanceId, MailKind, MailboxProvider, MailingNo};
use limits::{Cause, Level, Share, pause};
use outbox::{Answer, Claim, Outcome, Phase};
use testkit::{TestDb, both, scheduler};

use crate::setting::{Setting, now, staff};

/// A campaign that is being sent, and who looks after it.
struct Stage<'a> {
    db: &'a Database,
    setting: Setting,
    campaign: Campaign,
    mailing: MailingNo,
    watch: Watch,
    sent: i64,
}

fn at(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

fn other() -> MailboxProvider {
    MailboxProvider::other()
}

impl<'a> Stage<'a> {
    async fn set(db: &'a Database, people: usize) -> Self {
        let setting = Setting::lay(db).await;
        let brand = brands::find(db.reader(), setting.brand).await.unwrap().unwrap();
        let (id, version, alerts_address) = (brand.id, brand.version, "staff@example.net".parse().ok());
        let draft = brands::Draft { alerts_address, ..brand.into() };
        brands::update(db.writer(), id, version, draft, &staff(), now()).await.unwrap();
        setting.people(db, people).await;
        let campaign = setting.scheduled(db).await;
        let lease = scheduler(db, now()).await;
        while campaigns::launch_due(db, &lease, now()).await.unwrap().more {}
        let campaign = campaigns::find(db.reader(), campaign.id).await.unwrap().unwrap();
        let mailing = campaign.mailing.unwrap();
        Self { db, setting, campaign, mailing, watch: Watch::default(), sent: 0 }
    }

    /// Sends the next messages, one in each second; of the first so many each is refused like this.
    async fn send(&mut self, messages: u32, refused: u32, class: &str, rule: &str) -> Vec<DeliveryKey> {
        self.offer(messages, refused, class, rule, Outcome::Sent).await
    }

    /// The same, where the others end like this.
    async fn offer(
        &mut self,
        messages: u32,
        refused: u32,
        class: &str,
        rule: &str,
        others: Outcome,
    ) -> Vec<DeliveryKey> {
        let claim = Claim {
            holder: InstanceId::from_bytes([1; 16]),
            blocked: &[],
            resting: &[(self.stream().await, other())],
            urgent_only: false,
            limit: messages,
            ttl: std::time::Duration::from_secs(60),
        };
        let begun = at(self.sent);
        let batch = outbox::claim(self.db, &claim, begun).await.unwrap().unwrap();
        let txn = self.db.begin().await.unwrap();
        let keys: Vec<DeliveryKey> = batch.deliveries.iter().map(|claimed| claimed.key).collect();
        let submitted = outbox::submit(&txn, &batch.lease, &keys, begun).await.unwrap();
        let mut answers = Vec::new();
        for (n, submitted) in (0..).zip(submitted) {
            self.sent += 1;
            let failed = n < refused;
            let answered_at = at(self.sent);
            let answer = Answer {
                key: submitted.key,
                attempt: submitted.attempt,
                outcome: if failed { Outcome::Failed } else { others },
                relay: "main".to_owned(),
                phase: Phase::RcptTo,
                offered: true,
                reply: None,
                class: failed.then(|| class.to_owned()),
                rule: failed.then(|| rule.to_owned()),
                started_at: begun,
                answered_at,
            };
            if failed {
                // As the sender writes it.
                let fact = activity::Fact::new(activity::Kind::Failed, self.setting.brand, answered_at);
                let fact = fact.of(submitted.key).with(serde_json::json!({ "class": class, "rule": rule }));
                activity::record(&txn, &fact).await.unwrap();
            }
            answers.push(answer);
        }
        outbox::record(&txn, claim.holder, &answers, at(self.sent)).await.unwrap();
        txn.commit().await.unwrap();
        outbox::release(self.db, &batch.lease, at(self.sent)).await.unwrap();
        assert_eq!(keys.len(), messages as usize);
        keys
    }

    /// A fact about a message, as what comes back leaves it.
    async fn came_back(&self, key: DeliveryKey, kind: activity::Kind, class: &str) {
        let fact = activity::Fact::new(kind, self.setting.brand, at(self.sent)).of(key);
        activity::record(self.db.writer(), &fact.with(serde_json::json!({ "class": class }))).await.unwrap();
    }

    async fn look(&mut self) {
        // On PostgreSQL a transaction of another test may stand before the last facts.
        self.settle().await;
        let now = at(self.sent);
        let lease = scheduler(self.db, now).await;
        self.watch.round(self.db, &lease, now).await.unwrap();
    }

    async fn settle(&self) {
        let sql = "SELECT COUNT(*) FROM facts WHERE kind IN ('failed', 'bounced', 'complained')";
        let row = database::sql::row(self.db.reader(), sql, []).await.unwrap().unwrap();
        let written: i64 = row.try_get_by_index(0).unwrap();
        while (activity::read_failures(self.db.reader(), "settled", 10_000).await.unwrap().len() as i64) < written {
            tokio::task::yield_now().await;
        }
    }

    async fn campaign(&self) -> Campaign {
        campaigns::find(self.db.reader(), self.campaign.id).await.unwrap().unwrap()
    }

    async fn alerts(&self) -> Vec<Alert> {
        alerts::list(self.db.reader(), true, None, 100).await.unwrap()
    }

    /// What was raised, the newest first.
    async fn raised(&self) -> Vec<(Cause, Level, Option<Share>)> {
        self.alerts().await.into_iter().map(|it| (it.alarm.cause, it.alarm.level, it.alarm.share)).collect()
    }

    async fn mails(&self) -> usize {
        outbox::list(self.db.reader(), self.stream().await, None, None, 100).await.unwrap().len()
    }

    /// What alerts are mailed by.
    async fn stream(&self) -> MailingNo {
        outbox::mailing::stream(self.db.writer(), self.setting.brand, MailKind::Alert, now()).await.unwrap()
    }
}

const fn share(count: u32, of: u32) -> Option<Share> {
    Some(Share { count, of })
}

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
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 7, of: 120 } };
        assert_eq!((paused.status, paused.paused_because), (CampaignStatus::Paused, Some(because)));
        let history = campaigns::history(db.database().reader(), paused.id).await.unwrap();
        let last = history.last().unwrap();
        assert_eq!((last.because, last.actor.clone()), (Some(because), Actor::rule("share.hard_bounces")));
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
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 4, of: 60 } };
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
    async fn only_the_last_two_hundred_count_while_nothing_comes_back(db: TestDb) {
        let mut stage = Stage::set(db.database(), 900).await;
        stage.send(650, 0, "", "").await;
        stage.look().await;
        // Eleven of the last two hundred, and not two in a hundred of all.
        stage.send(200, 11, "hard", "code.hard").await;
        stage.look().await;
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 11, of: 200 } };
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
        let because = PauseReason { cause: Cause::HardBounces, share: Share { count: 26, of: 500 } };
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
        let because = PauseReason { cause: Cause::Unfit, share: Share { count: 6, of: 106 } };
        assert_eq!(stage.campaign().await.paused_because, Some(because));
        // Somebody has seen it.
        campaigns::resume(stage.db, stage.campaign.id, None, &staff(), at(stage.sent)).await.unwrap();
        stage.look().await;
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
    }
}

both! {
    async fn refusals_pause_the_provider_and_not_the_campaign_and_after_the_pause_it_is_judged_anew(db: TestDb) {
        let mut stage = Stage::set(db.database(), 500).await;
        stage.send(100, 6, "block", "code.policy").await;
        stage.look().await;
        stage.look().await;
        let reader = stage.db.reader();
        let paused = pause::active(reader, at(stage.sent)).await.unwrap().remove(0);
        assert_eq!((&paused.provider, paused.until), (&other(), at(stage.sent + 3_600)));
        assert_eq!(paused.words, "6 of 100 attempts were refused for policy or reputation");
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
        assert_eq!(stage.raised().await, [(Cause::Refusals, Level::Pause, share(6, 100))]);

        // The same attempts do not pause it again once staff have ended it, and the alert is over.
        pause::lift(stage.db.writer(), &other(), &staff(), at(stage.sent)).await.unwrap();
        stage.sent += 1;
        stage.watch = Watch::default();
        stage.look().await;
        assert_eq!(pause::active(reader, at(stage.sent)).await.unwrap(), []);
        assert!(stage.alerts().await[0].ended_at.is_some());
        stage.send(60, 4, "block", "code.policy").await;
        stage.look().await;
        assert_eq!(pause::active(reader, at(stage.sent)).await.unwrap().len(), 1);
        assert_eq!((stage.raised().await.len(), stage.mails().await), (2, 2));
    }
}

both! {
    async fn a_provider_that_a_word_has_left_alone_is_told_of_once_until_an_hour_is_quiet(db: TestDb) {
        let mut stage = Stage::set(db.database(), 10).await;
        let gmail: MailboxProvider = "gmail".parse().unwrap();
        let leave_alone = async |stage: &Stage<'_>, actor: Actor| {
            let (from, until) = (at(stage.sent), at(stage.sent + 600));
            pause::set(stage.db.writer(), &gmail, until, "code.google", "unsolicited", &actor, from).await.unwrap();
        };
        leave_alone(&stage, Actor::rule("sender.block")).await;
        stage.look().await;
        stage.sent += 700;
        leave_alone(&stage, Actor::rule("sender.block")).await;
        stage.look().await;
        assert_eq!((stage.raised().await, stage.mails().await), (vec![(Cause::Refusals, Level::Pause, None)], 1));
        stage.sent += 600 + 3_600;
        stage.look().await;
        assert!(stage.alerts().await[0].ended_at.is_some());
        // Whom staff leave alone, staff know.
        leave_alone(&stage, staff()).await;
        stage.look().await;
        assert_eq!(stage.mails().await, 1);
    }
}

both! {
    async fn a_provider_that_cannot_be_judged_holds_up_nothing_else(db: TestDb) {
        let mut stage = Stage::set(db.database(), 100).await;
        stage.send(60, 0, "", "").await;
        let (writer, long_ago) = (stage.db.writer(), at(-7_200));
        pause::set(writer, &other(), long_ago, "a", "", &staff(), long_ago).await.unwrap();
        let broken = "UPDATE provider_pauses SET actor = 'nobody that this program knows'";
        database::sql::execute(writer, broken, []).await.unwrap();
        assert!(pause::last(writer, &other()).await.is_err());
        let (gmail, until): (MailboxProvider, _) = ("gmail".parse().unwrap(), at(600));
        let rule = Actor::rule("sender.block");
        pause::set(writer, &gmail, until, "code.google", "unsolicited", &rule, at(stage.sent)).await.unwrap();
        stage.look().await;
        assert_eq!(stage.raised().await, [(Cause::Refusals, Level::Pause, None)]);
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
