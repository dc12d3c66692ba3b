use std::sync::Arc;

use limits::Limits;
use links::Links;
use sender::{Parts, Sender, Settings};

use super::Shared;
use crate::config;
use crate::relay::relay;

/// The task that takes due deliveries to the relay.
pub(super) fn start(shared: Shared) -> anyhow::Result<impl Future<Output = anyhow::Result<()>> + Send + use<>> {
    let config = &shared.context.config;
    let relay = relay(&config.relay).map_err(|blamed| anyhow::anyhow!("{}: {}", blamed.key, blamed.what))?;
    let providers = config.limits.of_providers();
    let config::Limits { relay: of_relay, campaign, brands, .. } = config.limits.clone();
    let limits = limits::Settings { relay: of_relay, providers, brands, campaign };
    let clock = shared.context.clock.clone();
    let parts = Parts {
        db: shared.db.clone(),
        keys: shared.keys.clone(),
        links: Arc::new(Links::new(&shared.keys)),
        limits: Arc::new(Limits::new(limits, &relay.name(), shared.instance, clock.clone())),
        instance: shared.instance,
        clock,
    };
    let settings = Settings {
        connections: config.relay.connections.get(),
        batch: config.sender.batch.get(),
        lease: config.sender.lease.0,
        idle: config.sender.idle.0,
        give_up: config.sender.give_up.0,
        drain: config.serve.drain.0,
        redirect_to: config.relay.redirect_to.clone(),
        relay,
    };
    let name = settings.relay.name();
    tracing::info!(relay = name, "mail goes to {name}");
    metrics::gauge!("eshot_redirected").set(if settings.redirect_to.is_some() { 1.0 } else { 0.0 });
    if let Some(stand_in) = &settings.redirect_to {
        tracing::warn!("relay.redirect_to: all mail goes to {stand_in}, and nobody whom it is for gets any");
    }
    Ok(async move {
        let tally = Sender::new(parts, settings).run(shared.stop.cancelled_owned()).await;
        tracing::info!(?tally, "no more mail is handed over");
        Ok(())
    })
}
