use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::IntoParams;

use super::problem::Problem;

/// The version that a change is meant for (RFC 9110 §13.1.1). A change without one is refused with 428 (RFC 6585 §3).
#[derive(Clone, Copy, Debug)]
pub(super) struct IfMatch(pub(super) i64);

/// The version that an act is meant for, if its caller names one.
#[derive(Clone, Copy, Debug)]
pub(super) struct MaybeIfMatch(pub(super) Option<i64>);

/// How [`IfMatch`] is described.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes the header")]
pub(super) struct Precondition {
    /// The `ETag` that was read, such as `"3"`.
    #[param(rename = "If-Match")]
    if_match: String,
}

/// How [`MaybeIfMatch`] is described.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes the header")]
pub(super) struct MaybePrecondition {
    /// The `ETag` that was read, such as `"3"`: the act is refused if somebody changed it since.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// A view of something that can be changed, with its version as `ETag`.
#[derive(Debug)]
pub(super) struct Tagged<T> {
    pub(super) status: StatusCode,
    pub(super) version: i64,
    pub(super) view: T,
}

impl<T> Tagged<T> {
    /// It is there.
    pub(super) fn ok(version: i64, view: T) -> Self {
        Self { status: StatusCode::OK, version, view }
    }

    /// It was made.
    pub(super) fn created(version: i64, view: T) -> Self {
        Self { status: StatusCode::CREATED, version, view }
    }
}

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.view)).into_response();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", self.version)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

fn read(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let tag = value.to_str().ok().map(str::trim).and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    tag.map(Some).ok_or_else(|| Problem::bad_request("If-Match must be the ETag as it was sent, such as \"3\""))
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let missing =
            || Problem::unconditional("send the ETag that you read as If-Match, so that nobody's change is lost");
        read(&parts.headers)?.map(Self).ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for MaybeIfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.headers).map(Self)
    }
}
