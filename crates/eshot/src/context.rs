use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use database::{Database, Settings};
use domain::{Clock, MasterKeys};
use migrations::Standing;
use secrecy::ExposeSecret;

use crate::config::{BaseUrl, Config, Loaded};

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) config: Config,
    /// The configuration as it may be shown.
    pub(crate) printable: String,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether links may begin without https.
    pub(crate) base_url: BaseUrl,
}

impl Context {
    pub(crate) fn new(loaded: Loaded, clock: Arc<dyn Clock>, base_url: BaseUrl) -> Self {
        Self { config: loaded.config, printable: loaded.printable, clock, base_url }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The database, whatever schema it has.
    pub(crate) async fn open(&self) -> anyhow::Result<Database> {
        let database = &self.config.database;
        let settings = Settings { url: database.url.clone(), connections: database.connections.get() };
        Database::connect(&settings).await.context("database.url")
    }

    /// The database with this program's schema.
    pub(crate) async fn database(&self) -> anyhow::Result<Database> {
        let db = self.open().await?;
        match migrations::check(&db).await.context("the database's schema cannot be read")? {
            Standing::Current => Ok(db),
            Standing::Empty | Standing::Behind(_) => {
                anyhow::bail!("the database is not up to date; run `eshot migrate`")
            }
            Standing::Newer(steps) => anyhow::bail!(
                "the database belongs to a newer eshot, which has taken the steps {}; start that version",
                steps.join(", ")
            ),
        }
    }

    /// The master keys, which most work needs.
    pub(crate) fn keys(&self) -> anyhow::Result<Arc<MasterKeys>> {
        let keys: MasterKeys = self.config.keys.master.expose_secret().parse().context("keys.master")?;
        Ok(Arc::new(keys))
    }
}
