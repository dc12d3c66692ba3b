//! Instances that share one database and one clock.

use std::sync::Arc;
use std::time::Duration;

use database::Database;
use domain::{CampaignId, Clock, InstanceId, MailboxProvider};
use limits::{Class, Granted, Limit, Limits, Route, Settings};
use testkit::{ManualClock, TestDb};

/// The relay of those tests that have one.
pub(crate) const RELAY: &str = "mx.example:25";

pub(crate) struct Fleet<'a> {
    pub(crate) db: &'a Database,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) settings: Settings,
    pub(crate) instances: Vec<Limits>,
    hired: i64,
}

impl<'a> Fleet<'a> {
    pub(crate) fn new(db: &'a TestDb, settings: Settings, instances: usize) -> Self {
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let mut fleet = Self { db: db.database(), clock, settings, instances: Vec::new(), hired: 0 };
        (0..instances).for_each(|_| fleet.join());
        fleet
    }

    /// Another instance starts, with nothing but the database to tell it what is used up.
    pub(crate) fn join(&mut self) {
        self.hired += 1;
        let id = InstanceId::new(self.clock.now() + chrono::TimeDelta::milliseconds(self.hired));
        self.instances.push(Limits::new(self.settings.clone(), id, self.clock.clone()));
    }

    pub(crate) fn class(&self, instance: usize, provider: &str, campaign: Option<CampaignId>) -> Class {
        self.class_through(RELAY, instance, provider, campaign)
    }

    pub(crate) fn class_through(
        &self,
        relay: &str,
        instance: usize,
        provider: &str,
        campaign: Option<CampaignId>,
    ) -> Class {
        let provider: MailboxProvider = provider.parse().unwrap();
        self.instances[instance].class(&Route { relay, provider: &provider, brand: "acme", campaign })
    }

    pub(crate) async fn refill(&self, instance: usize, wanted: &[(Class, u32)]) {
        self.instances[instance].refill(self.db, wanted, self.clock.now()).await.unwrap();
    }

    /// As a sender does it: lease what is short, take what is there.
    pub(crate) async fn take(&self, instance: usize, class: &Class, most: u32) -> Granted {
        self.refill(instance, &[(class.clone(), most)]).await;
        self.instances[instance].take(class, most)
    }

    /// What an eager instance gets in so long a time.
    pub(crate) async fn eagerly(&self, instance: usize, class: &Class, time: Duration, step: Duration) -> u32 {
        let mut sum = 0;
        for _ in 0..time.as_millis() / step.as_millis() {
            sum += self.take(instance, class, 1_000).await.n;
            self.clock.advance(step);
        }
        sum
    }
}

pub(crate) fn rate(text: &str) -> Limit {
    Limit::rate(text.parse().unwrap())
}

pub(crate) fn provider(name: &str, limit: Limit) -> Settings {
    Settings { providers: [(name.parse().unwrap(), limit)].into(), ..Settings::default() }
}
