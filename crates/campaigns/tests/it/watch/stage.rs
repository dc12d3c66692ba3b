use alerts::Alert;
use campaigns::{Campaign, Watch};
use chrono::{DateTime, TimeDelta, Utc};
use database::Database;
use domain::{DeliveryKey, InstanceId, MailKind, MailboxProvider, MailingNo};
use limits::{Cause, Level, Share};
use outbox::{Answer, Claim, Outcome, Phase};
use testkit::scheduler;

use crate::setting::{Setting, now, staff};

/// A campaign that is being sent, and who looks after it.
pub(super) struct Stage<'a> {
    pub(super) db: &'a Database,
    pub(super) setting: Setting,
    pub(super) campaign: Campaign,
    pub(super) mailing: MailingNo,
    pub(super) watch: Watch,
    pub(super) sent: i64,
}

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    now() + TimeDelta::seconds(seconds)
}

pub(super) fn other() -> MailboxProvider {
    MailboxProvider::other()
}

impl<'a> Stage<'a> {
    pub(super) async fn set(db: &'a Database, people: usize) -> Self {
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
    pub(super) async fn send(&mut self, messages: u32, refused: u32, class: &str, rule: &str) -> Vec<DeliveryKey> {
        self.offer(messages, refused, class, rule, Outcome::Sent).await
    }

    /// The same, where the others end like this.
    pub(super) async fn offer(
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
                relay_message_id: None,
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
    pub(super) async fn came_back(&self, key: DeliveryKey, kind: activity::Kind, class: &str) {
        let fact = activity::Fact::new(kind, self.setting.brand, at(self.sent)).of(key);
        activity::record(self.db.writer(), &fact.with(serde_json::json!({ "class": class }))).await.unwrap();
    }

    /// A message came back because a server refuses what it says.
    pub(super) async fn refused_later(&self, key: DeliveryKey, words: &str) {
        let fact = activity::Fact::new(activity::Kind::Bounced, self.setting.brand, at(self.sent)).of(key);
        let detail = serde_json::json!({ "class": "content", "rule": "content.virus", "words": words });
        activity::record(self.db.writer(), &fact.with(detail)).await.unwrap();
    }

    pub(super) async fn look(&mut self) {
        // On PostgreSQL a transaction of another test may stand before the last facts.
        self.settle().await;
        let now = at(self.sent);
        let lease = scheduler(self.db, now).await;
        self.watch.round(self.db, &lease, now).await.unwrap();
    }

    pub(super) async fn settle(&self) {
        let sql = "SELECT COUNT(*) FROM facts WHERE kind IN ('failed', 'bounced', 'complained')";
        let row = database::sql::row(self.db.reader(), sql, []).await.unwrap().unwrap();
        let written: i64 = row.try_get_by_index(0).unwrap();
        while (activity::read_failures(self.db.reader(), "settled", 10_000).await.unwrap().len() as i64) < written {
            tokio::task::yield_now().await;
        }
    }

    pub(super) async fn campaign(&self) -> Campaign {
        campaigns::find(self.db.reader(), self.campaign.id).await.unwrap().unwrap()
    }

    pub(super) async fn alerts(&self) -> Vec<Alert> {
        alerts::list(self.db.reader(), true, None, 100).await.unwrap()
    }

    /// What was raised, the newest first.
    pub(super) async fn raised(&self) -> Vec<(Cause, Level, Option<Share>)> {
        self.alerts().await.into_iter().map(|it| (it.alarm.cause, it.alarm.level, it.alarm.share)).collect()
    }

    pub(super) async fn mails(&self) -> usize {
        outbox::list(self.db.reader(), self.stream().await, None, None, 100).await.unwrap().len()
    }

    /// What alerts are mailed by.
    pub(super) async fn stream(&self) -> MailingNo {
        outbox::mailing::stream(self.db.writer(), self.setting.brand, MailKind::Alert, now()).await.unwrap()
    }
}

pub(super) const fn share(count: u32, of: u32) -> Option<Share> {
    Some(Share { count, of })
}
