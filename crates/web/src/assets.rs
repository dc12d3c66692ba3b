//! What pages and mails are dressed in, all of it from this origin.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::{WebState, accent};

/// Everything below `/assets`.
pub(crate) fn routes() -> Router<WebState> {
    Router::new()
        .route("/assets/{name}", get(style))
        .route("/assets/accent/{name}", get(colours))
        .route("/assets/icon/{name}", get(icon))
        .route("/assets/starters/{name}", get(picture))
}

async fn style(State(state): State<WebState>, Path(name): Path<String>) -> Response {
    match state.pages.style(&name) {
        Some(style) => kept("text/css; charset=utf-8", style.to_owned()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A brand's colour as a stylesheet: `3f4bd8.css`. The colour is the name, so nothing has to be looked up.
async fn colours(Path(name): Path<String>) -> Response {
    match name.strip_suffix(".css").and_then(|digits| format!("#{digits}").parse().ok()) {
        Some(colour) => kept("text/css; charset=utf-8", accent::stylesheet(colour)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A brand's icon: `3f4bd8E.svg`, colour and letter.
async fn icon(Path(name): Path<String>) -> Response {
    let parts = name.strip_suffix(".svg").and_then(|name| name.split_at_checked(6));
    match parts.and_then(|(digits, letter)| Some((format!("#{digits}").parse().ok()?, letter))) {
        Some((colour, letter)) if letter.len() <= 1 && letter.chars().all(|c| c.is_ascii_alphanumeric()) => {
            kept("image/svg+xml", accent::icon(colour, letter))
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A picture of a starter. Mails show it wherever they are read, so other origins may fetch it.
async fn picture(Path(name): Path<String>) -> Response {
    let Some(picture) = renderer::asset(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = kept(picture.content_type, picture.bytes);
    let headers = response.headers_mut();
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    response
}

/// An answer that never changes under its name.
fn kept(content_type: &'static str, body: impl IntoResponse) -> Response {
    let headers =
        [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, body).into_response()
}
