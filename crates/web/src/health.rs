//! What watches the service: is it there, can it work, how much does it do.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::WebState;

/// After so many seconds whoever met no database may come again.
pub(crate) const RETRY_AFTER: u16 = 10;

/// Within this time the database answers, or counts as gone: whoever watches does not wait for long.
const PATIENCE: Duration = Duration::from_secs(2);

/// `/healthz`, `/readyz`, `/metrics`.
pub(crate) fn routes() -> Router<WebState> {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// The process answers.
async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers, too.
async fn ready(State(state): State<WebState>) -> Response {
    match tokio::time::timeout(PATIENCE, state.db.ping()).await {
        Ok(Ok(())) => return "ok\n".into_response(),
        Ok(Err(error)) => tracing::warn!(error = &error as &dyn std::error::Error, "the database does not answer"),
        Err(_) => tracing::warn!("the database does not answer within {PATIENCE:?}"),
    }
    (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
}

/// Counters in Prometheus' text format.
async fn metrics(State(state): State<WebState>) -> Response {
    match &state.metrics {
        Some(metrics) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
