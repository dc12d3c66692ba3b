use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use database::lease::{self, Lease};
use tokio::time::{MissedTickBehavior, interval};

use super::Shared;

/// How long the role stays with an instance that says nothing any more.
const TTL: Duration = Duration::from_secs(15);

/// How many requests to subscribe are reminded or ended in one go.
const AT_ONCE: u64 = 200;

/// How many turns a round gives to what can wait for the next one.
const TURNS: usize = 20;

/// Does what is due, at every tick, in whichever instance has the lease.
pub(super) async fn run(shared: Shared) -> anyhow::Result<()> {
    let settings = &shared.context.config.scheduler;
    let mut tick = every(settings.tick.0);
    let mut seal = every(settings.seal.0);
    let mut sealer = Sealer::default();
    loop {
        tokio::select! {
            () = shared.stop.cancelled() => break,
            _ = tick.tick() => {
                if let Some(lease) = held(&shared, "scheduler").await {
                    work(&shared, &lease).await;
                }
            }
            _ = seal.tick() => sealer.seal(&shared).await,
        }
    }
    // What is left in the lease would keep the next instance waiting.
    for role in ["scheduler", "sealer"] {
        if let Some(lease) = held(&shared, role).await {
            told(role, lease::release(&shared.db, &lease, shared.context.now()).await);
        }
    }
    // Consent events of the last seconds are sealed by whoever comes next.
    Ok(())
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = interval(period);
    // After a long round there is no point in making up for those that were missed.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// The lease of a role, if this instance has it or can have it.
async fn held(shared: &Shared, role: &str) -> Option<Lease> {
    let now = shared.context.now();
    told(role, lease::acquire(&shared.db, role, shared.instance.uuid(), TTL, now).await).flatten()
}

/// One round. Each part is tried whatever became of the others, and tells its own failure.
async fn work(shared: &Shared, lease: &Lease) {
    let (db, now) = (&shared.db, shared.context.now());
    launch(shared, lease).await;
    told("finishing campaigns", campaigns::finish_drained(db, now).await);
    told("settling cancelled campaigns", campaigns::settle_cancelled(db, now).await);
    if let Some(reaped @ 1..) = told("reaping", outbox::reap(db, shared.instance, now).await) {
        tracing::warn!(count = reaped, "{reaped} deliveries are in doubt: whoever handed them to the relay is gone");
    }
    told("reminding", subscribers::opt_in::remind_due(db, AT_ONCE, now).await);
    told("ending requests", subscribers::opt_in::expire_due(db, AT_ONCE, now).await);
    note_successes(shared, lease).await;
}

/// Notes whom mail has reached, in turns that others can come between, as many as the round has room for.
async fn note_successes(shared: &Shared, lease: &Lease) {
    for _ in 0..TURNS {
        let now = shared.context.now();
        let over = shared.stop.is_cancelled() || now + TTL / 2 >= lease.expires_at;
        if over || told("noting successes", subscribers::success::note_due(&shared.db, now).await) != Some(true) {
            break;
        }
    }
}

/// Launches what is due until nothing is left, or the instance ends, or the lease does.
async fn launch(shared: &Shared, lease: &Lease) {
    while !shared.stop.is_cancelled() {
        let now = shared.context.now();
        match told("launching", campaigns::launch_due(&shared.db, now).await) {
            // The next round renews the lease before it goes on.
            Some(launch) if launch.more && now + TTL / 2 < lease.expires_at => {}
            _ => break,
        }
    }
}

/// The value, or a log line about why there is none. The next round tries again.
fn told<T, E: Error + 'static>(what: &str, result: Result<T, E>) -> Option<T> {
    result.map_err(|error| tracing::error!(error = &error as &dyn Error, "{what} failed")).ok()
}

/// Seals consent events, and logs the ledger's head once a day: a cut tail shows against the log.
#[derive(Debug, Default)]
struct Sealer {
    logged_on: Option<NaiveDate>,
}

impl Sealer {
    async fn seal(&mut self, shared: &Shared) {
        let now = shared.context.now();
        let Some(lease) = held(shared, "sealer").await else { return };
        told("sealing", subscribers::consent::seal(&shared.db, &shared.keys, &lease, now).await);
        if self.logged_on != Some(now.date_naive()) {
            self.log_head(shared, now).await;
        }
    }

    async fn log_head(&mut self, shared: &Shared, now: DateTime<Utc>) {
        if let Some(Some(head)) = told("reading the head", subscribers::consent::anchor(shared.db.reader()).await) {
            tracing::info!(consent.head = %head, "consent head {head}");
            self.logged_on = Some(now.date_naive());
        }
    }
}
