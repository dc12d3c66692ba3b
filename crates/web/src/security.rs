//! The headers that every answer carries.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;

use crate::WebState;

/// What a page may do: take style and pictures from here, and post back here. No script, no frame, nobody else.
const PAGE: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; \
                    base-uri 'none'";

/// What holds for every answer, unless its handler said something stricter or its own.
const ALWAYS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, PAGE),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // The address of a page behind a token is a secret.
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), browsing-topics=()"),
];

/// A year.
const TRANSPORT: &str = "max-age=31536000";

/// Adds the headers that a handler did not set itself.
pub(crate) async fn headers(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if state.settings.base_url.scheme() == "https" {
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(TRANSPORT));
    }
    // What did not say that it may be kept is kept by nobody: most of it is behind a token or of a person.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Puts the headers of this service's pages on other pages beside them.
pub fn with_headers(pages: Router, state: &WebState) -> Router {
    pages.layer(middleware::from_fn_with_state(state.clone(), headers))
}
