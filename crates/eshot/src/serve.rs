//! An instance at work: its roles, each a task, and how they end.

mod events;
mod feedback;
pub(crate) mod http;
mod mail;
mod mailboxes;
mod maildir;
mod retention;
mod roles;
mod scheduler;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use database::{Database, ServingLock};
use domain::{InstanceId, MasterKeys};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{BaseUrl, Role};
use crate::context::Context;

/// What the roles share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) context: Arc<Context>,
    pub(crate) db: Database,
    pub(crate) keys: Arc<MasterKeys>,
    pub(crate) instance: InstanceId,
    /// Cancelled when the instance is to end.
    pub(crate) stop: CancellationToken,
}

/// An instance that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) shared: Shared,
    /// Where pages are served, if this instance does.
    pub(crate) http: Option<SocketAddr>,
    /// Where returned mail is taken, if this instance does.
    pub(crate) feedback: Option<SocketAddr>,
    tasks: JoinSet<anyhow::Result<()>>,
    _alone: ServingLock,
}

impl Running {
    /// Starts every role that the configuration names, with `more` pages beside the usual ones. Whatever cannot be started
    /// is told before anything is.
    pub(crate) async fn start(context: Context, more: Router) -> anyhow::Result<Self> {
        let keys = context.keys()?;
        let db = open(&context).await?;
        let alone = db.serve_alone()?;
        links_are_private(&context, &db).await?;
        let shared = Shared {
            instance: InstanceId::new(context.now()),
            stop: CancellationToken::new(),
            context: Arc::new(context),
            db,
            keys,
        };
        let roles = &shared.context.config.serve.roles;
        let mut running =
            Self { http: None, feedback: None, tasks: JoinSet::new(), _alone: alone, shared: shared.clone() };
        if roles.contains(&Role::Web) {
            let (address, task) = http::start(shared.clone(), more).await?;
            running.http = Some(address);
            running.tasks.spawn(task);
        }
        if roles.contains(&Role::Feedback) {
            let (address, task) = feedback::start(shared.clone()).await?;
            running.feedback = Some(address);
            running.tasks.spawn(task);
            if let Some(task) = mailboxes::start(shared.clone())? {
                running.tasks.spawn(task);
            }
            if let Some(task) = maildir::start(shared.clone())? {
                running.tasks.spawn(task);
            }
        }
        if roles.contains(&Role::Sender) {
            running.tasks.spawn(mail::start(shared.clone())?);
        }
        if roles.contains(&Role::Scheduler) {
            running.tasks.spawn(scheduler::run(shared.clone()));
        }
        Ok(running)
    }

    /// Resolves when a role has ended by itself: that is a fault, and the instance is to end with it.
    pub(crate) async fn failed(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Ok(Ok(()))) | None => anyhow::anyhow!("a part of the instance ended by itself"),
            Some(Err(error)) => anyhow::Error::from(error).context("a part of the instance broke"),
        }
    }

    /// Tells every role to end and waits for as long as the configuration says.
    pub(crate) async fn stop(mut self) {
        self.shared.stop.cancel();
        let ended = async {
            while let Some(task) = self.tasks.join_next().await {
                if let Ok(Err(error)) = task {
                    tracing::error!(error = &*error, "a part of the instance ended with an error");
                }
            }
        };
        let patience = self.shared.context.config.serve.drain.0 + roles::LAST_WORDS;
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!("not everything ended in time; what a relay had not answered is in doubt");
        }
    }
}

/// The database with this program's schema, brought up to date if the configuration says so.
async fn open(context: &Context) -> anyhow::Result<Database> {
    let db = if context.config.database.migrate {
        let db = context.open().await?;
        migrations::run(&db).await.context("the schema was not brought up to date")?;
        db
    } else {
        context.database().await?
    };
    let adopted = activity::adopt(&db).await.context("the facts of a restored dump were not taken over")?;
    if adopted > 0 {
        tracing::info!(count = adopted, "{adopted} facts come from another PostgreSQL server and were taken over");
    }
    Ok(db)
}

/// The links of every brand begin with https, as the configuration's own must.
async fn links_are_private(context: &Context, db: &Database) -> anyhow::Result<()> {
    if context.base_url == BaseUrl::HttpAllowed {
        return Ok(());
    }
    for brand in brands::list(db.reader()).await? {
        let (slug, url) = (&brand.slug, &brand.base_url);
        anyhow::ensure!(url.scheme() == "https", "the links of the brand {slug} begin with {url}; they must be https");
    }
    Ok(())
}
