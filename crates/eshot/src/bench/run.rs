use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use campaigns::{Draft, Letter};
use domain::{Actor, CampaignId, MailingNo, TopicId};
use limits::Limits;
use links::Links;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sea_orm::DbBackend;
use sender::relay::{self, Policy, Relay};
use sender::{Outlet, Parts, Sender, Settings};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::cost::{Cost, Meter};
use super::rate::Progress;
use super::report::Report;
use super::rig::{Rig, SAMPLE};
use super::tap::Tap;
use super::{cost, letter, sample, verify};
use crate::cli::BenchSend;

/// So fast is nothing: the throttle is asked for every message and holds none back.
const THROTTLE: &str = "1000000/s";

/// How often it is looked how far the sending has come.
const LOOK: Duration = Duration::from_millis(25);

/// A relay that takes nothing for so long has stopped.
const PATIENCE: Duration = Duration::from_secs(60);

/// What one campaign took.
pub(super) struct Sent {
    pub(super) mailing: MailingNo,
    pub(super) letter: Letter,
    pub(super) launched_in: Duration,
    pub(super) progress: Progress,
    pub(super) cost: Cost,
    /// How much the database has grown, in bytes.
    pub(super) grown: u64,
}

/// Seeds, sends the sample and then the campaign, and checks both.
pub(super) async fn measure(wanted: &BenchSend) -> anyhow::Result<Report> {
    let metrics = PrometheusBuilder::new().install_recorder().context("the metrics of this process are taken")?;
    let rig = Rig::build(wanted.database.as_ref(), wanted.recipients, wanted.dkim).await?;
    let is_shared = rig.db.backend() == DbBackend::Postgres;
    anyhow::ensure!(wanted.senders == 1 || is_shared, "--senders: several share a --database on PostgreSQL only");
    let links = Arc::new(Links::new(&rig.keys));
    let run = Run { rig: &rig, links, senders: wanted.senders, connections: wanted.connections.get(), metrics };

    let tap = Tap::open(address(&wanted.relay).await?).await?;
    let tapped = format!("smtp://{}", tap.address()).parse()?;
    let sent = run.send(rig.sample, &tapped, u64::from(SAMPLE)).await.context("the sample")?;
    let read = sample::check(&rig, &run.links, &sent, &tap.close().await?, wanted.dkim).await.context("the sample")?;

    let recipients = u64::from(wanted.recipients);
    let sent = run.send(rig.everybody, &wanted.relay, recipients).await?;
    let verified = verify::every_row(&rig.db, sent.mailing, recipients).await?;
    let report = Report::new(wanted, &rig, &sent, &read, &verified)?;
    rig.close().await?;
    Ok(report)
}

/// The address behind a URL of the relay.
async fn address(relay: &Url) -> anyhow::Result<SocketAddr> {
    let host = relay.host_str().context("--relay names no host")?;
    let port = relay.port().unwrap_or(25);
    let mut found = tokio::net::lookup_host((host, port)).await.context("--relay is not found")?;
    found.next().context("--relay has no address")
}

struct Run<'a> {
    rig: &'a Rig,
    links: Arc<Links>,
    senders: u32,
    /// Of each of them.
    connections: u32,
    metrics: PrometheusHandle,
}

impl Run<'_> {
    /// A campaign to a topic, from the draft to the last answer.
    async fn send(&self, topic: TopicId, relay: &Url, recipients: u64) -> anyhow::Result<Sent> {
        let (db, clock) = (&self.rig.db, &self.rig.clock);
        let draft = Draft { brand: self.rig.brand, topic, name: "Measured".to_owned(), source: letter::source() };
        let id = campaigns::create(db, draft, &Actor::Operator, clock.now()).await?.id;
        campaigns::schedule(db, id, clock.now(), None, &Actor::Operator, clock.now()).await?;
        let before = cost::database_size(db).await?;
        let begun = Instant::now();
        let lease = self.rig.lease("scheduler").await?;
        while {
            let launch = campaigns::launch_due(db, &lease, clock.now()).await?;
            launch.more || launch.finished == 0
        } {}
        let launched_in = begun.elapsed();
        let letter = campaigns::letter(db.reader(), id).await?;
        let mailing = letter.campaign.mailing.context("a launched campaign has a mailing")?;

        let meter = Meter::start(db, &self.metrics).await?;
        let stop = CancellationToken::new();
        let mut senders = JoinSet::new();
        for _ in 0..self.senders {
            senders.spawn(self.sender(relay).await?.run(stop.clone().cancelled_owned()));
        }
        let progress = self.watch(mailing, recipients).await?;
        let cost = meter.stop(db, &self.metrics).await?;
        stop.cancel();
        while let Some(ended) = senders.join_next().await {
            ended.context("a sender has fallen over")?;
        }
        self.finish(id).await?;
        let grown = cost::database_size(db).await?.saturating_sub(before);
        Ok(Sent { mailing, letter, launched_in, progress, cost, grown })
    }

    /// An instance of its own, with its own connections to the database, as it would have on a machine of its own.
    async fn sender(&self, relay: &Url) -> anyhow::Result<Sender> {
        let settings = relay::Settings { policy: Policy::None, ..relay::Settings::new(relay.clone()) };
        let relay = Relay::new(settings).context("--relay")?;
        let limits = limits::Settings::relay(THROTTLE.parse()?);
        let clock = self.rig.clock.clone();
        let (db, instance) = self.rig.seat().await?;
        let parts = Parts {
            db,
            keys: self.rig.keys.clone(),
            links: self.links.clone(),
            limits: Arc::new(Limits::new(limits, instance, clock.clone())),
            instance,
            clock,
        };
        let outlets = vec![Outlet::new(relay.clone(), self.connections)];
        Ok(Sender::new(parts, Settings { outlets, ..Settings::new(relay) }))
    }

    /// Looks on until nothing is open any more.
    async fn watch(&self, mailing: MailingNo, recipients: u64) -> anyhow::Result<Progress> {
        let begun = Instant::now();
        let (mut progress, mut moved) = (Progress::default(), begun);
        loop {
            let counts = outbox::counts(self.rig.db.reader(), mailing).await?;
            let sent = u64::try_from(counts.sent)?;
            if progress.note(begun.elapsed(), sent) {
                moved = Instant::now();
            }
            if sent == recipients {
                return Ok(progress);
            }
            let stuck = moved.elapsed() > PATIENCE || (counts.open() == counts.deferred);
            anyhow::ensure!(!stuck, "not everything is sent: {counts:?}");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn finish(&self, id: CampaignId) -> anyhow::Result<()> {
        let (db, now) = (&self.rig.db, self.rig.clock.now());
        campaigns::finish_drained(db, &self.rig.lease("scheduler").await?, now).await?;
        let status = campaigns::find(db.reader(), id).await?.context("the campaign is gone")?.status;
        anyhow::ensure!(status == campaigns::CampaignStatus::Sent, "the campaign is {status}, not sent");
        Ok(())
    }
}
