//! A campaign's mail in the browser, as everybody may see it.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use links::path;

use super::Failure;
use crate::WebState;

/// A mail carries its style in attributes, which the policy of our own pages forbids. So it is shown as what it is: a
/// foreign document without script, form or origin.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; \
                      frame-ancestors 'none'; base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox";

pub(super) fn routes() -> Router<WebState> {
    Router::new().route(path::VIEW, get(show))
}

async fn show(State(state): State<WebState>, Path(token): Path<String>) -> Result<Response, Failure> {
    let mailing = state.links.read_view(&token)?;
    let mail = campaigns::view(state.db.reader(), mailing).await?.ok_or(Failure::None)?;
    let headers = [(header::CONTENT_SECURITY_POLICY.as_str(), POLICY), ("x-robots-tag", "noindex, nofollow")];
    Ok((headers, Html(mail.html)).into_response())
}

#[cfg(test)]
mod tests;
