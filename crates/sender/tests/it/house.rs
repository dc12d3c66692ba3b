//! An installation: a brand, a topic, people, a mail server and a clock that stands still.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use brands::Brand;
use campaigns::Campaign;
use domain::{Actor, Clock, InstanceId, Locale, MailingNo, SubscriberId};
use limits::Limits;
use links::Links;
use outbox::{Attempt, Counts, Delivery};
use sender::relay::{Policy, Relay, Timeouts};
use sender::{Parts, Sender, Settings};
use subscribers::topic::Topic;
use subscribers::{Basis, New, Profile, Source};
use testkit::smtp::{Script, SmtpSink};
use testkit::{ManualClock, TestDb};

/// How long a relay is waited for: short enough to be waited for in a test.
const PATIENCE: Duration = Duration::from_millis(500);

pub(crate) struct House<'a> {
    pub(crate) db: &'a database::Database,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sink: SmtpSink,
    pub(crate) brand: Brand,
    pub(crate) topics: Vec<Topic>,
    pub(crate) limits: ::limits::Settings,
    pub(crate) links: Arc<Links>,
    senders: std::sync::atomic::AtomicI64,
}

impl<'a> House<'a> {
    pub(crate) async fn new(db: &'a TestDb) -> Self {
        Self::with(db, Script::default(), ::limits::Settings::default()).await
    }

    pub(crate) async fn with(db: &'a TestDb, script: Script, limits: ::limits::Settings) -> Self {
        let db = db.database();
        let clock = Arc::new(ManualClock::at(testkit::start_of_time()));
        let (txn, now) = (db.begin().await.unwrap(), clock.now());
        let brand = brands::create(&txn, draft(), &Actor::System, now).await.unwrap();
        let seeded = subscribers::seed::first_brand(&txn, brand.id, &Actor::System, now).await.unwrap();
        txn.commit().await.unwrap();
        Self {
            db,
            sink: SmtpSink::with(script).await,
            brand,
            topics: seeded.topics,
            limits,
            links: Arc::new(Links::new(&testkit::keys())),
            clock,
            senders: std::sync::atomic::AtomicI64::new(1),
        }
    }

    /// Another instance, with so many connections.
    pub(crate) fn sender(&self, connections: u32) -> Sender {
        self.sender_with(|settings| with_connections(settings, connections))
    }

    pub(crate) fn sender_with(&self, change: impl FnOnce(Settings) -> Settings) -> Sender {
        // Ids made at one time would be the same: each instance is a millisecond younger.
        let number = self.senders.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let instance = InstanceId::new(self.clock.now() + chrono::TimeDelta::milliseconds(number));
        let limits = Limits::new(self.limits.clone(), instance, self.clock.clone());
        let parts = Parts {
            db: self.db.clone(),
            clock: self.clock.clone(),
            keys: testkit::keys(),
            links: self.links.clone(),
            limits: Arc::new(limits),
            instance,
        };
        let idle = Duration::from_millis(50);
        Sender::new(parts, change(Settings { idle, ..Settings::new(relay(&self.sink)) }))
    }

    /// Subscribes people to the offers.
    pub(crate) async fn enrol(&self, emails: &[&str]) -> Vec<SubscriberId> {
        let mut ids = Vec::new();
        for email in emails {
            let new = New {
                email: email.parse().unwrap(),
                profile: Profile { name: Some("Ada Lovelace".to_owned()), ..Profile::default() },
                locale: Locale::En,
                topics: vec![self.topics[0].id],
                basis: Basis::Consent,
                stated: "told us so".to_owned(),
                until: None,
                source: Source::Api,
            };
            let made = subscribers::create(self.db, &testkit::keys(), new, &Actor::System, self.clock.now()).await;
            ids.push(made.unwrap().id);
            self.clock.advance(Duration::from_millis(1));
        }
        ids
    }

    /// So many people, `p1@example.com` and so on.
    pub(crate) async fn enrol_many(&self, count: usize) -> Vec<SubscriberId> {
        let emails: Vec<_> = (1..=count).map(|number| format!("p{number}@example.com")).collect();
        self.enrol(&emails.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// A campaign to everybody, launched.
    pub(crate) async fn launch(&self) -> (Campaign, MailingNo) {
        let starter = renderer::starters(Locale::En)[0].source();
        let now = self.clock.now();
        let draft = campaigns::Draft {
            brand: self.brand.id,
            topic: self.topics[0].id,
            name: "Autumn offer".to_owned(),
            source: starter,
        };
        let campaign = campaigns::create(self.db, draft, &Actor::System, now).await.unwrap();
        campaigns::schedule(self.db, campaign.id, now, None, &Actor::System, now).await.unwrap();
        let lease = self.scheduler().await;
        while campaigns::launch_due(self.db, &lease, now).await.unwrap().more {}
        let campaign = campaigns::find(self.db.reader(), campaign.id).await.unwrap().unwrap();
        let mailing = campaign.mailing.unwrap();
        (campaign, mailing)
    }

    pub(crate) async fn counts(&self, mailing: MailingNo) -> Counts {
        outbox::counts(self.db.reader(), mailing).await.unwrap()
    }

    pub(crate) async fn deliveries(&self, mailing: MailingNo) -> Vec<Delivery> {
        outbox::list(self.db.reader(), mailing, None, None, 1_000).await.unwrap()
    }

    /// The deliveries by local part, each with its attempts.
    pub(crate) async fn by_person(&self, mailing: MailingNo) -> BTreeMap<String, (Delivery, Vec<Attempt>)> {
        let mut found = BTreeMap::new();
        for delivery in self.deliveries(mailing).await {
            let person = subscribers::find(self.db.reader(), delivery.subscriber.unwrap()).await.unwrap().unwrap();
            let attempts = outbox::attempts(self.db.reader(), delivery.key).await.unwrap();
            found.insert(person.email.local_part().to_owned(), (delivery, attempts));
        }
        found
    }

    /// Nobody was mailed twice, and every state counted is a row in that state.
    pub(crate) async fn audit(&self, mailing: MailingNo) {
        let twice: Vec<_> = self.sink.by_recipient().into_iter().filter(|(_, count)| *count > 1).collect();
        assert_eq!(twice, [], "nobody is mailed twice");
        let (counts, deliveries) = (self.counts(mailing).await, self.deliveries(mailing).await);
        assert_eq!(counts.audience(), i64::try_from(deliveries.len()).unwrap(), "{counts:?}");
        for delivery in &deliveries {
            let same = deliveries.iter().filter(|other| other.state == delivery.state).count();
            assert_eq!(counts.of(delivery.state), i64::try_from(same).unwrap(), "{counts:?}");
        }
    }

    pub(crate) async fn scheduler(&self) -> database::lease::Lease {
        testkit::scheduler(self.db, self.clock_now()).await
    }

    pub(crate) fn clock_now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    pub(crate) fn advance_minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(minutes * 60));
    }
}

/// The relay at this address, which is not waited for for long.
pub(crate) fn relay(sink: &SmtpSink) -> Relay {
    let settings = sender::relay::Settings {
        policy: Policy::None,
        timeouts: Timeouts { connect: PATIENCE, command: PATIENCE, body: PATIENCE, dot: PATIENCE },
        ..sender::relay::Settings::new(sink.url().parse().unwrap())
    };
    Relay::new(settings).unwrap()
}

/// The same relay, with so many connections.
pub(crate) fn with_connections(mut settings: Settings, connections: u32) -> Settings {
    settings.outlets[0].connections = connections;
    settings
}

/// Makes another brand, whose mail the house sends from now on. Gives back the one before.
pub(crate) async fn second_brand(house: &mut House<'_>) -> (Brand, Vec<Topic>) {
    let (txn, now) = (house.db.begin().await.unwrap(), house.clock.now());
    let (from, base_url) = ("news@zeta.example".parse().unwrap(), "https://news.zeta.example".parse().unwrap());
    let draft = brands::Draft::new("zeta", "Zeta", from, "2 High Street\nLondon", base_url);
    let brand = brands::create(&txn, draft, &Actor::System, now).await.unwrap();
    let seeded = subscribers::seed::first_brand(&txn, brand.id, &Actor::System, now).await.unwrap();
    txn.commit().await.unwrap();
    (std::mem::replace(&mut house.brand, brand), std::mem::replace(&mut house.topics, seeded.topics))
}

fn draft() -> brands::Draft {
    let (from, base_url) = ("offers@example.com".parse().unwrap(), "https://news.example.com".parse().unwrap());
    brands::Draft {
        from_name: "Acme offers".to_owned(),
        reply_to: Some("office@example.com".parse().unwrap()),
        accent: "#0b6e4f".to_owned(),
        ..brands::Draft::new("acme", "Acme", from, "1 High Street\nLondon", base_url)
    }
}
