//! `POST /webhooks/{name}`: where mail services tell what became of messages.
//!
//! Whoever cannot prove to be the service is answered 401 and nothing else, whatever is wrong: the name, the signature, or its age.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use feedback::webhook::{Posted, TakeError};
use tower_http::limit::RequestBodyLimitLayer;

use crate::WebState;
use crate::client::Client;

/// The addresses of the webhooks.
pub(crate) fn routes(state: &WebState) -> Router<WebState> {
    let limit = state.settings.api_body_limit;
    Router::new()
        .route("/webhooks/{name}", post(take))
        .layer(DefaultBodyLimit::max(limit))
        .layer(RequestBodyLimitLayer::new(limit))
}

/// Answers 200 once all is committed. What failed is answered 503 and comes again.
async fn take(
    State(state): State<WebState>,
    Path(name): Path<String>,
    client: Client,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Err(wait) = state.admit_webhook(&client) {
        let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)]).into_response();
    }
    let headers: Vec<(&str, &str)> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let posted = Posted { headers: &headers, body: &body };
    match state.webhooks.take(&state.db, &state.links, &name, &posted, state.now()).await {
        Ok(taken) => {
            tracing::debug!(
                webhook = name,
                kept = taken.kept,
                seen = taken.seen,
                passed = taken.passed,
                "events taken"
            );
            StatusCode::OK.into_response()
        }
        Err(TakeError::Unproven(_)) => {
            metrics::counter!("eshot_webhook_refused_total").increment(1);
            StatusCode::UNAUTHORIZED.into_response()
        }
        Err(error) => {
            tracing::error!(
                webhook = name,
                error = &error as &dyn std::error::Error,
                "a webhook was not dealt with and has to come again"
            );
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

#[cfg(test)]
mod tests;
