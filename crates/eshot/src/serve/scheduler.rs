use std::error::Error;
use std::time::Duration;

use campaigns::NewRelay;
use chrono::{DateTime, NaiveDate, Utc};
use database::lease::{self, Lease};
use dns::Resolver;
use subscribers::{domain_gone, provider_look};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::retention::Retention;
use super::{Shared, events};
use crate::events::{Endpoint, Teller};
use crate::relay::new_relays;

/// How long the role stays with an instance that says nothing any more.
const TTL: Duration = Duration::from_secs(15);

/// How many requests to subscribe are reminded or ended in one go.
const AT_ONCE: u64 = 200;

/// How often the gauges are read.
const GAUGES: Duration = Duration::from_secs(5);

/// How often it is looked whether a domain is to be looked up.
const LOOKS: Duration = Duration::from_secs(5);

/// How long that role stays: name servers that do not answer are waited for, twice 20 seconds at most.
const LOOKS_TTL: Duration = Duration::from_secs(60);

/// How often it is looked whether something is kept for longer than it is needed.
const TIDY: Duration = Duration::from_secs(60);

/// How often openings and clicks are judged.
const HITS: Duration = Duration::from_secs(2);

/// How many turns a round gives to what can wait for the next one.
const TURNS: usize = 20;

/// Does what is due, in whichever instance has the lease of it. A long launch holds up neither the seal nor the gauges.
pub(super) async fn run(shared: Shared) -> anyhow::Result<()> {
    tokio::join!(
        rounds(&shared),
        guarding(&shared),
        sealing(&shared),
        looking(&shared),
        sorting(&shared),
        proving(&shared),
        watching(&shared),
        judging(&shared),
        tidying(&shared),
        telling(&shared)
    );
    // What is left in the leases would keep the next instance waiting. Consent events of the last seconds are sealed by it.
    for role in ["scheduler", "sealer", "domains", "providers", "signatures", "hits", events::ROLE] {
        if let Some(lease) = held(&shared, role).await {
            told(role, lease::release(&shared.db, &lease, shared.context.now()).await);
        }
    }
    Ok(())
}

async fn rounds(shared: &Shared) {
    let mut tick = every(shared.context.config.scheduler.tick.0);
    let relays = new_relays(&shared.context.config);
    while next(&mut tick, shared).await {
        if let Some(lease) = held(shared, "scheduler").await {
            work(shared, &relays, &lease).await;
        }
    }
}

/// Looks whether too much goes wrong. A long launch does not keep it from looking.
async fn guarding(shared: &Shared) {
    let mut tick = every(shared.context.config.scheduler.tick.0);
    let mut watch = campaigns::Watch::default();
    while next(&mut tick, shared).await {
        if let Some(lease) = held(shared, "scheduler").await {
            told("watching", watch.round(&shared.db, &lease, shared.context.now()).await);
        }
    }
}

async fn sealing(shared: &Shared) {
    let mut tick = every(shared.context.config.scheduler.seal.0);
    let mut sealer = Sealer::default();
    while next(&mut tick, shared).await {
        sealer.seal(shared).await;
    }
}

/// Looks domains up. Other people's name servers may keep it waiting, so nothing else waits for it.
async fn looking(shared: &Shared) {
    let Some(resolver) = resolver(shared) else { return };
    let mut tick = every(LOOKS);
    while next(&mut tick, shared).await {
        let Some(lease) = held_for(shared, "domains", LOOKS_TTL).await else { continue };
        tokio::select! {
            // What is under way changes nothing before it is over.
            () = shared.stop.cancelled() => {}
            looked = look(shared, &resolver, &lease) => {
                told("looking domains up", looked);
            }
        }
    }
}

async fn look(shared: &Shared, resolver: &Resolver, lease: &Lease) -> Result<bool, subscribers::Error> {
    let looked = domain_gone::look(&shared.db, resolver, shared.context.now()).await?;
    domain_gone::settle(&shared.db, lease, looked, shared.context.now()).await
}

/// Finds out who keeps the mailboxes of people whose domain is in no table, and goes on while there are more.
async fn sorting(shared: &Shared) {
    let Some(resolver) = resolver(shared) else { return };
    let mut tick = every(LOOKS);
    while next(&mut tick, shared).await {
        while let Some(lease) = held_for(shared, "providers", LOOKS_TTL).await {
            let more = tokio::select! {
                () = shared.stop.cancelled() => return,
                looked = look_for_providers(shared, &resolver, &lease) => told("looking providers up", looked),
            };
            if more != Some(true) {
                break;
            }
        }
    }
}

async fn look_for_providers(shared: &Shared, resolver: &Resolver, lease: &Lease) -> Result<bool, subscribers::Error> {
    let looked = provider_look::look(&shared.db, resolver, shared.context.now()).await?;
    provider_look::settle(&shared.db, lease, looked, shared.context.now()).await
}

/// Looks whether complaints that came without a token are signed by their providers.
async fn proving(shared: &Shared) {
    let Some(resolver) = resolver(shared) else { return };
    let mut tick = every(LOOKS);
    while next(&mut tick, shared).await {
        while let Some(lease) = held_for(shared, "signatures", LOOKS_TTL).await {
            let more = tokio::select! {
                () = shared.stop.cancelled() => return,
                looked = look_at_signatures(shared, &resolver, &lease) => told("looking at signatures", looked),
            };
            if more != Some(true) {
                break;
            }
        }
    }
}

async fn look_at_signatures(shared: &Shared, resolver: &Resolver, lease: &Lease) -> Result<bool, feedback::Error> {
    let looked = feedback::look_at_signatures(&shared.db, resolver, shared.context.now()).await?;
    feedback::settle_signatures(&shared.db, lease, looked, shared.context.now()).await
}

fn resolver(shared: &Shared) -> Option<Resolver> {
    let settings = dns::Settings { nameserver: shared.context.config.dns.nameserver, ..dns::Settings::default() };
    told("looking domains up (see dns.nameserver)", Resolver::new(&settings))
}

async fn watching(shared: &Shared) {
    let mut tick = every(GAUGES);
    while next(&mut tick, shared).await {
        gauge(shared).await;
    }
}

/// Judges openings and clicks, and goes on while there are more.
async fn judging(shared: &Shared) {
    let mut tick = every(HITS);
    while next(&mut tick, shared).await {
        while let Some(lease) = held(shared, "hits").await {
            let judged = feedback::tracking::judge(&shared.db, &lease, shared.context.now()).await;
            if told("judging openings and clicks", judged) != Some(true) || shared.stop.is_cancelled() {
                break;
            }
        }
    }
}

/// Tells another program, if there is one.
async fn telling(shared: &Shared) {
    // What is wrong with it was said when the configuration was read.
    let Ok(Some(endpoint)) = Endpoint::of(&shared.context.config.events) else { return };
    match Teller::new(endpoint) {
        Ok(teller) => events::telling(shared, teller).await,
        Err(error) => tracing::error!("nobody is told of events: {error:#}"),
    }
}

async fn tidying(shared: &Shared) {
    let mut tick = every(TIDY);
    let mut retention = Retention::default();
    while next(&mut tick, shared).await {
        if let Some(lease) = held(shared, "scheduler").await {
            retention.round(shared, &lease).await;
        }
    }
}

/// Waits for the next tick; false when the instance is to end.
pub(super) async fn next(tick: &mut Interval, shared: &Shared) -> bool {
    tokio::select! {
        () = shared.stop.cancelled() => false,
        _ = tick.tick() => true,
    }
}

pub(super) fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    // After a long round there is no point in making up for those that were missed.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// The lease of a role, if this instance has it or can have it.
async fn held(shared: &Shared, role: &str) -> Option<Lease> {
    held_for(shared, role, TTL).await
}

pub(super) async fn held_for(shared: &Shared, role: &str, ttl: Duration) -> Option<Lease> {
    let now = shared.context.now();
    told(role, lease::acquire(&shared.db, role, shared.instance.uuid(), ttl, now).await).flatten()
}

/// One round. Each part is tried whatever became of the others, and tells its own failure.
async fn work(shared: &Shared, relays: &[NewRelay], lease: &Lease) {
    let (db, now) = (&shared.db, shared.context.now());
    launch(shared, relays, lease).await;
    told("finishing campaigns", campaigns::finish_drained(db, lease, now).await);
    settle(shared, lease).await;
    if let Some(reaped @ 1..) = told("reaping", outbox::reap(db, shared.instance, now).await) {
        tracing::warn!(count = reaped, "{reaped} deliveries are in doubt: whoever handed them to the relay is gone");
    }
    told("reminding", subscribers::opt_in::remind_due(db, lease, AT_ONCE, now).await);
    told("ending requests", subscribers::opt_in::expire_due(db, lease, AT_ONCE, now).await);
    note_successes(shared, lease).await;
}

/// Shows where all deliveries stand: what waits, and what waits for a person, is what an operator watches.
async fn gauge(shared: &Shared) {
    let Some(counts) = told("counting deliveries", outbox::totals(shared.db.reader()).await) else { return };
    let states = [
        ("queued", counts.queued),
        ("submitting", counts.submitting),
        ("sent", counts.sent),
        ("deferred", counts.deferred),
        ("failed", counts.failed),
        ("in_doubt", counts.in_doubt),
        ("skipped", counts.skipped),
    ];
    for (state, count) in states {
        metrics::gauge!("eshot_deliveries", "state" => state).set(count as f64);
    }
}

/// Notes whom mail has reached, in turns that others can come between, as many as the round has room for.
async fn note_successes(shared: &Shared, lease: &Lease) {
    for _ in 0..TURNS {
        let due = subscribers::success::note_due(&shared.db, lease, shared.context.now());
        if told("noting successes", due.await) != Some(true) || !has_time(shared, lease) {
            break;
        }
    }
}

/// Whether a round may go on: nobody wants it to end, and the next one renews the lease in good time.
pub(super) fn has_time(shared: &Shared, lease: &Lease) -> bool {
    !shared.stop.is_cancelled() && shared.context.now() + TTL / 2 < lease.expires_at
}

/// Launches what is due until nothing is left, or the instance ends, or the lease does.
async fn launch(shared: &Shared, relays: &[NewRelay], lease: &Lease) {
    while !shared.stop.is_cancelled() {
        let now = shared.context.now();
        match told("launching", campaigns::launch_due_by(&shared.db, lease, relays, now).await) {
            // The next round renews the lease before it goes on.
            Some(launch) if launch.more && now + TTL / 2 < lease.expires_at => {}
            _ => break,
        }
    }
}

/// Writes off what cancelled campaigns left, under the same bounds.
async fn settle(shared: &Shared, lease: &Lease) {
    while !shared.stop.is_cancelled() {
        let now = shared.context.now();
        match told("settling cancelled campaigns", campaigns::settle_cancelled(&shared.db, lease, now).await) {
            Some(true) if now + TTL / 2 < lease.expires_at => {}
            _ => break,
        }
    }
}

/// The value, or a log line about why there is none. The next round tries again.
pub(super) fn told<T, E: Error + 'static>(what: &str, result: Result<T, E>) -> Option<T> {
    result.map_err(|error| tracing::error!(error = &error as &dyn Error, "{what} failed")).ok()
}

/// Seals consent events, and logs the ledger's head once a day: a cut tail shows against the log.
#[derive(Debug, Default)]
struct Sealer {
    logged_on: Option<NaiveDate>,
}

impl Sealer {
    async fn seal(&mut self, shared: &Shared) {
        // A block has a limit, and an import brings more than one: all that is there is sealed now, within the promised
        // seconds. The lease is renewed before each block.
        while !shared.stop.is_cancelled() {
            let Some(lease) = held(shared, "sealer").await else { return };
            let now = shared.context.now();
            match told("sealing", subscribers::consent::seal(&shared.db, &shared.keys, &lease, now).await) {
                Some(Some(_)) => {}
                _ => break,
            }
        }
        let now = shared.context.now();
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
