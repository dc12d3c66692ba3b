use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use database::Database;
use domain::{Clock, EmailAddress, MasterKeys, Network, Throttle};
use feedback::tracking::{Recorder, Whose};
use feedback::webhook::Receiver;
use links::{Links, Person};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::api::GivenUp;
use crate::client::Client;
use crate::flood::FloodGuard;
use crate::stamp::Stamps;
use crate::targets::Shelf;
use crate::{Pages, Settings};

/// What the program hands to its pages and its API.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub db: Database,
    /// The master keys, which the tokens in links are proved by.
    pub keys: Arc<MasterKeys>,
    /// Where `now` comes from.
    pub clock: Arc<dyn Clock>,
    /// The templates of the public pages.
    pub pages: Pages,
    /// What the configuration says.
    pub settings: Settings,
    /// Where mail services post what became of messages, and what proves that it is they.
    pub webhooks: Receiver,
    /// Where openings and clicks wait to be written down, which is the program's to see to.
    pub hits: Arc<Recorder>,
    /// What `/metrics` shows; without it there is no such page.
    pub metrics: Option<PrometheusHandle>,
}

/// What every handler can reach. Cloning it is cheap.
#[derive(Clone)]
pub struct WebState {
    pub(crate) db: Database,
    pub(crate) keys: Arc<MasterKeys>,
    pub(crate) links: Arc<Links>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) stamps: Arc<Stamps>,
    pub(crate) webhooks: Arc<Receiver>,
    pub(crate) hits: Arc<Recorder>,
    pub(crate) targets: Arc<Shelf>,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) given_up: Arc<GivenUp>,
    guards: Arc<Guards>,
}

/// Who is counted, and by what.
#[derive(Debug)]
struct Guards {
    networks: FloodGuard<Network>,
    sign_ups: FloodGuard<EmailAddress>,
    people: FloodGuard<Person>,
    services: FloodGuard<Network>,
    readers: FloodGuard<Whose>,
    nobody: FloodGuard<(Whose, Option<Network>)>,
}

/// One-click posts for one person a second at most. They come from few networks, the large mailbox providers', so the person is
/// what is counted.
const ONE_CLICKS: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);

/// Webhook posts from one network a second at most: a service posts many events at a time, and a wrong proof costs little.
const WEBHOOKS: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);

/// Openings and clicks in one mail that are counted an hour at most, all at once if need be: more than any reader's, and than most
/// scanners'. Each is kept as it came, so that a link which got around must not fill the table.
const HITS: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);

/// Clicks of nobody in particular from one network in one mailing likewise; there may be a company behind it.
const ANONYMOUS_HITS: NonZeroU32 = NonZeroU32::MIN.saturating_add(5_999);

impl WebState {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        let Parts { db, keys, clock, pages, settings, webhooks, hits, metrics } = parts;
        let guards = Guards {
            networks: FloodGuard::new(settings.public_rate),
            sign_ups: FloodGuard::new(settings.sign_up_rate),
            people: FloodGuard::new(Throttle::per_second_of(ONE_CLICKS)),
            services: FloodGuard::new(Throttle::per_second_of(WEBHOOKS)),
            readers: FloodGuard::new(Throttle::per_hour_of(HITS)),
            nobody: FloodGuard::new(Throttle::per_hour_of(ANONYMOUS_HITS)),
        };
        Self {
            db,
            links: Arc::new(Links::new(&keys)),
            stamps: Arc::new(Stamps::new(&keys)),
            keys,
            clock,
            pages: Arc::new(pages),
            settings: Arc::new(settings),
            webhooks: Arc::new(webhooks),
            hits,
            targets: Arc::default(),
            metrics,
            given_up: Arc::default(),
            guards: Arc::new(guards),
        }
    }

    /// The time by which this request is answered.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Counts a public post of this client, or says how long it should wait.
    pub(crate) fn admit(&self, client: &Client) -> Result<(), Duration> {
        client.address.map_or(Ok(()), |address| self.guards.networks.admit(&Network::of(address), self.clock.uptime()))
    }

    /// Counts a mail service's post from this network.
    pub(crate) fn admit_webhook(&self, client: &Client) -> Result<(), Duration> {
        client.address.map_or(Ok(()), |address| self.guards.services.admit(&Network::of(address), self.clock.uptime()))
    }

    /// Counts a sign-up for this address.
    pub(crate) fn admit_sign_up(&self, address: &EmailAddress) -> Result<(), Duration> {
        self.guards.sign_ups.admit(address, self.clock.uptime())
    }

    /// Whether an opening or a click in this mail from this network is still to be counted.
    pub(crate) fn admit_hit(&self, whose: Whose, network: Option<Network>) -> bool {
        let now = self.clock.uptime();
        match whose {
            Whose::Delivery(_) => self.guards.readers.admit(&whose, now).is_ok(),
            Whose::Mailing(_) => self.guards.nobody.admit(&(whose, network), now).is_ok(),
        }
    }

    /// Counts a one-click post for this person.
    pub(crate) fn admit_one_click(&self, person: Person) -> Result<(), Duration> {
        self.guards.people.admit(&person, self.clock.uptime())
    }
}

impl fmt::Debug for WebState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebState").field("settings", &self.settings).finish_non_exhaustive()
    }
}
