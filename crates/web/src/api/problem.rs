use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Display;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Why a request was not carried out (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What kind of problem it is, for programs.
    #[serde(rename = "type")]
    #[schema(example = "urn:eshot:problem:not-found")]
    kind: String,
    /// What kind of problem it is, for people.
    title: &'static str,
    /// The status of the answer once more.
    status: u16,
    /// What exactly is wrong, and what would be right.
    detail: String,
    /// The fields that are wrong, if it is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    /// Marks the answer as [`Undone`].
    #[serde(skip)]
    is_undone: bool,
}

/// Marks an answer: the database says of what failed that it is certainly not committed.
#[derive(Copy, Clone, Debug)]
pub(super) struct Undone;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// The field.
    pub(crate) field: String,
    /// What would be right.
    pub(crate) detail: String,
}

/// The kinds that there are: name and title.
macro_rules! kinds {
    ($($(#[$doc:meta])* $make:ident: $status:ident, $name:literal, $title:literal;)*) => {
        impl Problem {
            $($(#[$doc])*
            pub(crate) fn $make(detail: impl Display) -> Self {
                Self::new(StatusCode::$status, $name, $title, detail)
            })*
        }
    };
}

kinds! {
    /// The request does not read.
    bad_request: BAD_REQUEST, "bad-request", "The request is not understood";
    /// No token, or none that works.
    unauthorized: UNAUTHORIZED, "unauthorized", "A token is needed";
    /// The token may not.
    forbidden: FORBIDDEN, "forbidden", "The token may not do this";
    /// It does not exist.
    not_found: NOT_FOUND, "not-found", "There is no such thing";
    /// It is not in a state for this.
    conflict: CONFLICT, "conflict", "This cannot be done as things are";
    /// Something unique is taken.
    taken: CONFLICT, "taken", "The name is taken";
    /// Somebody else was faster.
    changed: PRECONDITION_FAILED, "changed", "It was changed meanwhile";
    /// `If-Match` is missing.
    unconditional: PRECONDITION_REQUIRED, "unconditional", "The version is missing";
    /// The values are wrong.
    invalid: UNPROCESSABLE_ENTITY, "invalid", "The values cannot be used";
    /// The key was used for something else.
    other_request: UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key was used for another request";
    /// The first request with the key is not through.
    in_progress: CONFLICT, "in-progress", "The first such request is still at work";
    /// The first request with the key came to no answer, and may have been carried out.
    outcome_unknown: CONFLICT, "outcome-unknown", "It is not known whether this was done";
    /// The body is too large.
    too_large: PAYLOAD_TOO_LARGE, "too-large", "The request is too large";
    /// The body is no JSON.
    not_json: UNSUPPORTED_MEDIA_TYPE, "not-json", "JSON is expected";
    /// The body is no CSV.
    not_csv: UNSUPPORTED_MEDIA_TYPE, "not-csv", "CSV is expected";
}

impl Problem {
    fn new(status: StatusCode, name: &str, title: &'static str, detail: impl Display) -> Self {
        let kind = format!("urn:eshot:problem:{name}");
        Self { kind, title, status: status.as_u16(), detail: detail.to_string(), errors: Vec::new(), is_undone: false }
    }

    /// One field is wrong.
    pub(crate) fn field(field: impl Display, detail: impl Display) -> Self {
        let error = FieldProblem { field: field.to_string(), detail: detail.to_string() };
        Self { errors: vec![error], ..Self::invalid(format!("{field} {detail}")) }
    }

    /// Several fields are wrong.
    pub(crate) fn fields(detail: impl Display, errors: Vec<FieldProblem>) -> Self {
        Self { errors, ..Self::invalid(detail) }
    }

    /// The path is there, the method is not.
    pub(crate) fn method() -> Self {
        let detail = "this operation is reached by another method; /api/openapi.json lists them all";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Another method is expected", detail)
    }

    /// Our fault, or the database is not to be had for now. What it is stands in the log and not in the answer.
    pub(crate) fn ours(error: &(dyn Error + 'static)) -> Self {
        let is_undone = database::is_undone(error);
        let problem = if database::is_unavailable(error) {
            tracing::error!(error, is_undone, "an operation of the API has no database");
            let (status, title) = (StatusCode::SERVICE_UNAVAILABLE, "The service is not to be had now");
            Self::new(status, "unavailable", title, "the database cannot be used now; try again in a while")
        } else {
            tracing::error!(error, is_undone, "an operation of the API failed");
            let (status, title) = (StatusCode::INTERNAL_SERVER_ERROR, "This is our fault");
            Self::new(status, "internal", title, "something broke on this side, and the log says what it was")
        };
        Self { is_undone, ..problem }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let is_undone = self.is_undone;
        let mut response = (status, Json(self)).into_response();
        if is_undone {
            response.extensions_mut().insert(Undone);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(crate::health::RETRY_AFTER));
        }
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750 §3.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"eshot\""));
        }
        response
    }
}

impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new()
            .description("A problem: what is wrong, and what would be right.")
            .content("application/problem+json", content)
            .build();
        [("default".to_owned(), response.into())].into()
    }
}

impl From<sea_orm::DbErr> for Problem {
    fn from(error: sea_orm::DbErr) -> Self {
        Self::ours(&error)
    }
}
