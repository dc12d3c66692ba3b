mod connections;
mod hits;
mod patient;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use database::Database;
use feedback::tracking::Recorder;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use web::{Pages, Parts, Settings, WebState};

use super::Shared;
use crate::relay::{outlets, warm_ups};
pub(crate) use connections::Bounds;

/// Binds the address and gives the task that serves it.
pub(super) async fn start(
    shared: Shared,
    more: Router,
) -> anyhow::Result<(SocketAddr, impl Future<Output = anyhow::Result<()>> + Send + use<>)> {
    let http = &shared.context.config.http;
    let listener =
        TcpListener::bind(http.listen).await.with_context(|| format!("http.listen: {} cannot be had", http.listen))?;
    let address = listener.local_addr()?;
    let metrics = recorder();
    let hits = Arc::new(Recorder::default());
    let state = WebState::new(Parts {
        db: shared.db.clone(),
        keys: shared.keys.clone(),
        clock: shared.context.clock.clone(),
        pages: Pages::load(http.templates.as_deref()).context("http.templates")?,
        settings: Settings {
            base_url: http.base_url.clone(),
            trusted_proxies: http.trusted_proxies.clone(),
            api_body_limit: http.api_body_limit.get(),
            form_body_limit: http.form_body_limit.get(),
            timeout: http.timeout.0,
            public_rate: http.public_rate,
            sign_up_rate: http.sign_up_rate,
            provider_limits: shared.context.config.limits.of_providers(),
            // What is wrong with a relay is told when the program starts.
            warm_ups: outlets(&shared.context.config)
                .map(|outlets| warm_ups(&shared.context.config, &outlets))
                .unwrap_or_default(),
        },
        webhooks: crate::webhooks::receiver(&shared.context.config)?,
        hits: Arc::clone(&hits),
        metrics: metrics.clone(),
    });
    let pages = web::router(state).merge(more);
    let bounds = Bounds {
        connections: http.connections,
        connections_per_client: http.connections_per_client,
        proxies: http.trusted_proxies.clone(),
        patience: http.client_timeout.0,
    };
    tracing::info!(%address, "pages and API are served at {address}");
    Ok((address, async move {
        tokio::select! {
            () = serve(listener, pages, bounds, &hits, &shared.db, shared.stop) => Ok(()),
            never = keep_up(metrics) => match never {},
        }
    }))
}

/// Serves until `stop`, and writes openings and clicks down until the last request is answered.
pub(crate) async fn serve(
    listener: TcpListener,
    pages: Router,
    bounds: Bounds,
    hits: &Recorder,
    db: &Database,
    stop: CancellationToken,
) {
    let over = CancellationToken::new();
    let serving = async {
        connections::serve(listener, pages, bounds, stop).await;
        over.cancel();
    };
    tokio::join!(serving, hits::write_until(&over, hits, db));
}

/// What `/metrics` shows. There is one recorder in a process; where tests run several instances, the first has it.
fn recorder() -> Option<PrometheusHandle> {
    let handle = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?.install_recorder().ok()?;
    metrics::describe_counter!("eshot_http_requests_total", "Requests answered, by method, route and status.");
    metrics::describe_histogram!("eshot_http_request_seconds", "How long they took, by route.");
    metrics::describe_counter!(
        "eshot_http_connections_refused_total",
        "Connections that were closed at once because their client had as many as it may."
    );
    metrics::describe_gauge!("eshot_deliveries", "Deliveries of all mailings, by the state of their submission.");
    metrics::describe_counter!("eshot_deliveries_total", "Attempts that ended, by outcome and mailbox provider.");
    metrics::describe_counter!(
        "eshot_sender_cpu_nanoseconds_total",
        "Processor time that making and handing over messages took, by stage."
    );
    metrics::describe_gauge!("eshot_redirected", "1 where relay.redirect_to takes all mail from those it is for.");
    metrics::describe_counter!(
        "eshot_returned_mail_total",
        "Mails that came back, by door, kind, class and what became of them."
    );
    metrics::describe_counter!(
        "eshot_webhook_events_total",
        "Events that mail services told, by service and row of the table."
    );
    metrics::describe_counter!(
        "eshot_webhook_refused_total",
        "Posts to webhooks that did not prove whom they are from."
    );
    metrics::describe_counter!(
        "eshot_hits_dropped_total",
        "Openings and clicks that were not counted because there was no room for them."
    );
    metrics::describe_gauge!("eshot_mailbox_up", "1 where this instance reads the mailbox, 0 where it does not.");
    metrics::describe_counter!(
        "eshot_mailbox_unreadable_total",
        "Mails in the mailbox that were too large to be kept whole, or could not be read."
    );
    Some(handle)
}

/// Folds what was measured into its buckets now and then, so that it does not pile up where nobody asks for it.
async fn keep_up(metrics: Option<PrometheusHandle>) -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        if let Some(metrics) = &metrics {
            metrics.run_upkeep();
        }
    }
}

/// The bounds of the buckets: from a cached page to the longest that a request may take.
const SECONDS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0];
