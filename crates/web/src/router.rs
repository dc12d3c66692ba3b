use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::measure::measure;
use crate::public::{self, render_failures};
use crate::{WebState, api, assets, client, health, security, webhooks};

/// Every page and every operation of the API.
///
/// Serve it with the peers' addresses (`into_make_service_with_connect_info::<SocketAddr>`): evidence of consent and the
/// guard against floods are by address.
pub fn router(state: WebState) -> Router {
    let limit = state.settings.form_body_limit;
    let pages = Router::new()
        .merge(assets::routes())
        .merge(public::routes())
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::max(limit))
        .layer(RequestBodyLimitLayer::new(limit))
        .layer(middleware::from_fn_with_state(state.clone(), render_failures));
    Router::new()
        .merge(pages)
        .merge(api::routes(&state))
        .merge(webhooks::routes(&state))
        .merge(health::routes())
        .layer(CatchPanicLayer::new())
        // RFC 9110 §15.6.4: the server is at its limit, and it is worth trying again.
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, state.settings.timeout))
        .layer(middleware::from_fn_with_state(state.clone(), client::identify))
        .layer(middleware::from_fn_with_state(state.clone(), security::headers))
        .layer(middleware::from_fn(measure))
        .with_state(state)
}

#[cfg(test)]
mod tests;
