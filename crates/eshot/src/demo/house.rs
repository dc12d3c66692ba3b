use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use accounts::Scope;
use anyhow::Context as _;
use brands::key::Algorithm;
use campaigns::{Campaign, Draft};
use database::Database;
use domain::{Actor, BrandId, Clock, KeyId, Locale, MasterKeys, SystemClock, TopicId};
use secrecy::SecretString;
use subscribers::Basis;
use subscribers::import::List;
use subscribers::topic::Topic;

use super::mailbox::Mailbox;
use super::relay::Relay;
use super::{inbox, people};
use crate::config::{self, BaseUrl, Sources};
use crate::context::Context;
use crate::northfield::{self, DOMAIN, NAME};
use crate::serve::Running;

/// An installation in a folder, furnished and running.
pub(super) struct House {
    running: Running,
    /// What the relay has taken.
    pub(super) mailbox: Mailbox,
    /// Whom the mail is from.
    pub(super) brand: BrandId,
    /// The brand's topics.
    pub(super) topics: Vec<Topic>,
    /// A campaign for each starter, none of them sent.
    pub(super) drafts: Vec<Campaign>,
    /// A token that may do everything.
    pub(super) token: SecretString,
    /// Where the pages are.
    pub(super) base_url: String,
    /// Where its files are.
    folder: PathBuf,
}

impl House {
    /// Builds it in an empty folder and furnishes it. Pages are served at the usual port, or at any if that is taken.
    pub(super) async fn build(folder: &Path, usual: Option<u16>) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mailbox = Mailbox::new();
        let relay = Relay::start(mailbox.clone(), people::gone().collect(), clock.clone()).await?;
        let base_url = format!("http://{}", free_address(usual)?);
        let file = folder.join("eshot.toml");
        fs::write(&file, settings(folder, &base_url, relay.address())?)?;
        let loaded =
            config::load(&Sources { file: Some(file), variables: Vec::new(), base_url: BaseUrl::HttpAllowed })?;
        let context = Context::new(loaded, clock, BaseUrl::HttpAllowed);
        let running = Running::start(context, inbox(mailbox.clone())?).await?;
        relay.return_to(running.feedback.context("the demo takes returned mail")?);
        Self::furnish(running, mailbox, base_url, folder.to_owned()).await
    }

    async fn furnish(running: Running, mailbox: Mailbox, base_url: String, folder: PathBuf) -> anyhow::Result<Self> {
        let shared = &running.shared;
        let (db, keys, now) = (&shared.db, &shared.keys, shared.context.now());
        let txn = db.begin().await?;
        let brand = brands::create(&txn, northfield::brand(base_url.parse()?)?, &Actor::Operator, now).await?.id;
        let topics = subscribers::seed::first_brand(&txn, brand, &Actor::Operator, now).await?.topics;
        txn.commit().await?;
        for algorithm in Algorithm::ALL {
            brands::key::create(db, keys, DOMAIN, algorithm, &Actor::Operator, now).await?;
        }
        let list = List {
            topics: topics.iter().map(|topic| topic.id).collect(),
            basis: Basis::Consent,
            stated: "made up for the demo".to_owned(),
            until: None,
            locale: Locale::En,
        };
        subscribers::import::run(db, keys, &list, people::rows(), &Actor::Operator, now).await?;
        let drafts = drafts(db, brand, &topics, now).await?;
        let scopes = [Scope::Admin].into_iter().collect();
        let (_, token) = accounts::token::create(db, "demo", &scopes, None, &Actor::Operator, now).await?;
        Ok(Self { mailbox, brand, topics, drafts, token, base_url, folder, running })
    }

    /// The database, for what no page shows.
    pub(super) fn db(&self) -> &Database {
        &self.running.shared.db
    }

    /// The keys, for checking the ledger.
    pub(super) fn keys(&self) -> &MasterKeys {
        &self.running.shared.keys
    }

    /// The topic with this slug.
    pub(super) fn topic(&self, slug: &str) -> anyhow::Result<TopicId> {
        let topic = self.topics.iter().find(|topic| topic.slug == slug);
        Ok(topic.with_context(|| format!("the demo's brand has no topic {slug}"))?.id)
    }

    /// Lets the first starter go out.
    pub(super) async fn send_first_campaign(&self) -> anyhow::Result<()> {
        let (id, now) = (self.drafts.first().context("there is no starter")?.id, self.running.shared.context.now());
        campaigns::schedule(self.db(), id, now, None, &Actor::Operator, now).await?;
        Ok(())
    }

    /// Where to look and what to try.
    pub(super) fn invitation(&self) -> String {
        use secrecy::ExposeSecret as _;
        let (base, token) = (&self.base_url, self.token.expose_secret());
        let first = self.drafts.first().map_or_else(String::new, |draft| draft.id.to_string());
        let mut text = format!(
            "\n{NAME} has {} subscribers and has just sent them a campaign. Nothing leaves this machine.\n",
            people::COUNT
        );
        let lines = [
            ("Read the mail", format!("{base}/demo/inbox")),
            ("Sign up", format!("{base}/forms/e-shot-opt-in")),
            (
                "See how it went",
                format!("curl -H 'Authorization: Bearer {token}' {base}/api/v1/campaigns/{first}/report"),
            ),
            ("The API", format!("{base}/api/openapi.json")),
        ];
        for (what, at) in lines {
            // Writing to a text does not fail.
            let _ = writeln!(text, "\n  {what}\n    {at}");
        }
        let _ = write!(
            text,
            "\nTry: sign up with any address, open the mail that asks whether you meant it, and confirm. Unsubscribe by the\n\
             link in a campaign's footer. {} mailboxes do not exist: their mail came back, and they will get no more.\n\n\
             Everything is in {} and is gone when you press Ctrl-C.",
            people::GONE,
            self.folder.display()
        );
        text
    }

    /// Resolves when something broke.
    pub(super) async fn failed(&mut self) -> anyhow::Error {
        self.running.failed().await
    }

    /// Ends it.
    pub(super) async fn close(self) {
        self.running.stop().await;
    }
}

/// The configuration, in the same words as a real one. No name server is asked: the demo's domains are kept for examples, and
/// nothing of it is to leave the machine.
fn settings(folder: &Path, base_url: &str, relay: SocketAddr) -> anyhow::Result<String> {
    let listen = base_url.trim_start_matches("http://");
    Ok(format!(
        "database.url = \"sqlite:{}\"\n\
         keys.master = \"{}\"\n\
         http.listen = \"{listen}\"\n\
         http.base_url = \"{base_url}\"\n\
         relay.url = \"smtp://{relay}\"\n\
         relay.tls = \"none\"\n\
         sender.idle = \"100ms\"\n\
         dns.nameserver = \"127.0.0.1:9\"\n\
         feedback.listen = \"127.0.0.1:0\"\n\
         feedback.hostname = \"bounce.{DOMAIN}\"\n\
         scheduler.tick = \"200ms\"\n",
        folder.join("eshot.db").display(),
        MasterKeys::generate_line(KeyId(1))?,
    ))
}

/// The usual port if nobody has it, or any other.
fn free_address(usual: Option<u16>) -> anyhow::Result<SocketAddr> {
    let usual = usual.and_then(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    let listener = usual.map_or_else(|| TcpListener::bind("127.0.0.1:0"), Ok).context("there is no free port")?;
    Ok(listener.local_addr()?)
}

/// A draft for each starter, to the topic that it is written for.
async fn drafts(
    db: &Database,
    brand: BrandId,
    topics: &[Topic],
    now: chrono::DateTime<chrono::Utc>,
) -> anyhow::Result<Vec<Campaign>> {
    let mut drafts = Vec::new();
    for starter in renderer::starters(Locale::En) {
        let topic = topics.iter().find(|topic| topic.slug == starter.topic);
        let topic = topic.with_context(|| format!("no topic {} for the starter {}", starter.topic, starter.slug))?.id;
        let draft = Draft { brand, topic, name: starter.name.to_owned(), source: starter.source() };
        drafts.push(campaigns::create(db, draft, &Actor::Operator, now).await?);
    }
    Ok(drafts)
}
