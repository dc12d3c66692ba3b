use std::net::SocketAddr;

use anyhow::Context as _;
use axum::Router;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::net::TcpListener;
use web::{Pages, Parts, Settings, WebState};

use super::Shared;

/// Binds the address and gives the task that serves it.
pub(super) async fn start(
    shared: Shared,
    more: Router,
) -> anyhow::Result<(SocketAddr, impl Future<Output = anyhow::Result<()>> + Send + use<>)> {
    let http = &shared.context.config.http;
    let listener =
        TcpListener::bind(http.listen).await.with_context(|| format!("http.listen: {} cannot be had", http.listen))?;
    let address = listener.local_addr()?;
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
        },
        // There is one recorder in a process; where tests run several instances, the first has it.
        metrics: PrometheusBuilder::new().install_recorder().ok(),
    });
    let service = web::router(state).merge(more).into_make_service_with_connect_info::<SocketAddr>();
    tracing::info!(%address, "pages and API are served at {address}");
    Ok((address, async move {
        let stop = shared.stop.clone();
        axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await.context("HTTP")
    }))
}
