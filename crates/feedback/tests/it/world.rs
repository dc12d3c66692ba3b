//! A brand, a mailing, and messages that are out.

use std::time::Duration;

use brands::Draft;
use database::Database;
use domain::{Actor, BrandId, DeliveryKey, EmailAddress, InstanceId, MailKind, SubscriberId};
use feedback::{Incoming, Processed, Standing};
use links::{Links, Site};
use outbox::enqueue::Intent;
use outbox::{Claim, claim, enqueue, mailing, submit};
use sea_orm::{ConnectionTrait, Statement};
use testkit::{keys, start_of_time};

pub(crate) struct World<'a> {
    pub(crate) db: &'a Database,
    pub(crate) links: Links,
    pub(crate) site: Site,
    pub(crate) brand: BrandId,
}

pub(crate) fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

/// A hand-written mail of `testdata/`, with CR LF.
pub(crate) fn sample(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    std::fs::read_to_string(path).unwrap().replace('\n', "\r\n")
}

impl<'a> World<'a> {
    pub(crate) async fn new(db: &'a Database) -> Self {
        let (from, base_url) = (address("news@example.com"), "https://news.example.com".parse().unwrap());
        let draft = Draft::new("shop", "Example Shop", from, "1 High Street\nLondon", base_url);
        let brand = brands::create(db.writer(), draft, &Actor::Operator, start_of_time()).await.unwrap().id;
        let site = Site::new("https://news.example.com".parse().unwrap(), "bounce.example.com").unwrap();
        Self { db, links: Links::new(&keys()), site, brand }
    }

    /// A message to an address that is with a relay now.
    pub(crate) async fn sent(&self, to: &str, lane: &str, subscriber: Option<SubscriberId>) -> DeliveryKey {
        let now = start_of_time();
        let mailing = mailing::stream(self.db.writer(), self.brand, MailKind::Test, now).await.unwrap();
        let recipient = subscriber.is_none().then(|| address(to));
        let intent = Intent { subscriber, recipient, lane: lane.parse().unwrap(), data: serde_json::json!({}) };
        let txn = self.db.begin().await.unwrap();
        let key = enqueue::one(&txn, mailing, intent).await.unwrap();
        txn.commit().await.unwrap();
        let asked = Claim {
            holder: InstanceId::new(now),
            blocked: &[],
            resting: &[],
            urgent_only: false,
            limit: 10,
            ttl: Duration::from_secs(60),
        };
        let batch = claim(self.db, &asked, now).await.unwrap().unwrap();
        let txn = self.db.begin().await.unwrap();
        let begun = submit(&txn, &batch.lease, &[key], now).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(begun.len(), 1);
        key
    }

    pub(crate) fn return_path(&self, key: DeliveryKey) -> EmailAddress {
        self.links.return_path(&self.site, key).unwrap()
    }

    /// The sample with the tokens of a delivery where it has placeholders.
    pub(crate) fn returned(&self, name: &str, key: DeliveryKey) -> String {
        sample(name)
            .replace("b-token@bounce.example.com", self.return_path(key).as_str())
            .replace("m-token@bounce.example.com", &self.links.message_id(&self.site, key).unwrap())
            .replace("envelope-token", &self.links.envid(key).unwrap())
    }

    /// Deals with a mail to one address.
    pub(crate) async fn process(&self, to: &EmailAddress, raw: &str) -> Processed {
        let incoming = Incoming { source: "test", from: "", to: std::slice::from_ref(to), raw: raw.as_bytes() };
        let mut done = feedback::process(self.db, &self.links, incoming, start_of_time()).await.unwrap();
        assert_eq!(done.len(), 1);
        done.remove(0)
    }

    /// The same, for what became of it.
    pub(crate) async fn standing(&self, to: &EmailAddress, raw: &str) -> Option<Standing> {
        match self.process(to, raw).await {
            Processed::Kept { standing, .. } => Some(standing),
            Processed::SeenBefore => None,
        }
    }

    /// What happened. Read past the cursor, which waits for transactions of other tests.
    pub(crate) async fn facts(&self) -> Vec<activity::Kind> {
        let sql = "SELECT kind FROM facts ORDER BY kind";
        let rows = self.db.reader().query_all_raw(Statement::from_string(self.db.backend(), sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}
