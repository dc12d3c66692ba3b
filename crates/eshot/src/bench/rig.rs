use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use brands::key::Algorithm;
use database::lease::{self, Lease};
use database::{Database, Settings};
use domain::{Actor, BrandId, Clock, InstanceId, KeyId, Locale, MasterKeys, SystemClock, TopicId};
use sea_orm::DbBackend;
use secrecy::SecretString;
use subscribers::Basis;
use subscribers::import::List;
use subscribers::topic::Topic;

use super::people;
use crate::cli::Signing;
use crate::northfield::{self, DOMAIN};

/// How many of the people also get the sample, which is read again.
pub(super) const SAMPLE: u32 = 100;

/// No measurement takes longer.
const TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// An installation that was made to be measured.
pub(super) struct Rig {
    pub(super) db: Database,
    settings: Settings,
    pub(super) keys: Arc<MasterKeys>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) instance: InstanceId,
    pub(super) brand: BrandId,
    /// Everybody is subscribed to this one.
    pub(super) everybody: TopicId,
    /// And [`SAMPLE`] people to this one.
    pub(super) sample: TopicId,
    /// How long it took to bring the people on file and to seal the ledger of their consent.
    pub(super) seeded_in: Duration,
    folder: tempfile::TempDir,
}

impl Rig {
    /// Makes brand, keys and people in a database that has none.
    pub(super) async fn build(database: Option<&SecretString>, recipients: u32, dkim: Signing) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("eshot-bench-").tempdir().context("there is no folder")?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let file = || SecretString::from(format!("sqlite:{}", folder.path().join("eshot.db").display()));
        let settings = Settings { url: database.cloned().unwrap_or_else(file), connections: 10 };
        let db = Database::connect(&settings).await.context("--database")?;
        migrations::run(&db).await.context("--database takes no schema")?;
        let strangers = subscribers::list(db.reader(), &subscribers::Filter::default(), None, 1).await?;
        anyhow::ensure!(strangers.is_empty(), "--database has subscribers already; a measurement wants its own");

        let keys: Arc<MasterKeys> = Arc::new(MasterKeys::generate_line(KeyId(1))?.parse()?);
        let now = clock.now();
        let brand = northfield::brand(format!("https://news.{DOMAIN}").parse()?)?;
        let txn = db.begin().await?;
        let brand = brands::create(&txn, brand, &Actor::Operator, now).await?.id;
        let topics = subscribers::seed::first_brand(&txn, brand, &Actor::Operator, now).await?.topics;
        txn.commit().await?;
        for algorithm in algorithms(dkim) {
            brands::key::create(&db, &keys, DOMAIN, *algorithm, &Actor::Operator, now).await?;
        }
        let (everybody, sample) = (topic(&topics, "offers")?, topic(&topics, "events")?);
        let mut rig = Self {
            db,
            settings,
            keys,
            instance: InstanceId::new(now),
            clock,
            brand,
            everybody,
            sample,
            seeded_in: Duration::ZERO,
            folder,
        };
        rig.seed(recipients).await?;
        Ok(rig)
    }

    async fn seed(&mut self, recipients: u32) -> anyhow::Result<()> {
        let begun = Instant::now();
        self.enrol(0..SAMPLE, vec![self.everybody, self.sample]).await?;
        self.enrol(SAMPLE..recipients, vec![self.everybody]).await?;
        let sealer = self.lease("sealer").await?;
        while subscribers::consent::seal(&self.db, &self.keys, &sealer, self.clock.now()).await?.is_some() {}
        self.seeded_in = begun.elapsed();
        Ok(())
    }

    async fn enrol(&self, numbers: std::ops::Range<u32>, topics: Vec<TopicId>) -> anyhow::Result<()> {
        let list = List {
            topics,
            basis: Basis::Consent,
            stated: "made up for a measurement".to_owned(),
            until: None,
            locale: Locale::En,
        };
        let (wanted, rows) = (numbers.len() as u64, people::rows(numbers));
        let now = self.clock.now();
        let report = subscribers::import::run(&self.db, &self.keys, &list, rows, &Actor::Operator, now).await?;
        anyhow::ensure!(report.added == wanted, "not everybody came on file: {report:?}");
        Ok(())
    }

    /// Where another instance sits: who it is, and its own way to the database. SQLite's file has one writer, whom all share.
    pub(super) async fn seat(&self) -> anyhow::Result<(Database, InstanceId)> {
        let db = match self.db.backend() {
            DbBackend::Sqlite => self.db.clone(),
            _ => Database::connect(&self.settings).await.context("--database")?,
        };
        Ok((db, InstanceId::new(self.clock.now())))
    }

    /// The lease of whoever acts alone: here nobody else does.
    pub(super) async fn lease(&self, role: &str) -> anyhow::Result<Lease> {
        let lease = lease::acquire(&self.db, role, self.instance.uuid(), TTL, self.clock.now()).await?;
        lease.with_context(|| format!("somebody else is the {role} of --database"))
    }

    /// Ends it; a file of its own goes with it.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.db.close().await?;
        Ok(self.folder.close()?)
    }
}

fn algorithms(signing: Signing) -> &'static [Algorithm] {
    match signing {
        Signing::None => &[],
        Signing::Ed25519 => &[Algorithm::Ed25519Sha256],
        Signing::Rsa => &[Algorithm::RsaSha256],
        Signing::Both => &Algorithm::ALL,
    }
}

fn topic(topics: &[Topic], slug: &str) -> anyhow::Result<TopicId> {
    Ok(topics.iter().find(|topic| topic.slug == slug).with_context(|| format!("there is no topic {slug}"))?.id)
}
