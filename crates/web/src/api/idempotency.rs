//! `Idempotency-Key`: a POST that is sent twice is carried out once.

mod claim;

use accounts::idempotency::{self, Begun, Refused};
use accounts::token::Caller;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::TokenId;
use utoipa::IntoParams;

use self::claim::Claim;
pub(crate) use self::claim::GivenUp;
use super::problem::Problem;
use crate::WebState;

/// How the header is described.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it only describes the header")]
pub(super) struct Once {
    /// A name that the caller makes up for this request: sent again within a day, it is answered again and not carried out
    /// again.
    #[param(rename = "Idempotency-Key")]
    idempotency_key: Option<String>,
}

/// Carries a POST with a key out once, and repeats the answer after that.
pub(super) async fn once(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key").filter(|_| request.method() == Method::POST);
    let caller = request.extensions().get::<Caller>().map(|caller| caller.token);
    match (key.cloned(), caller) {
        (Some(key), Some(token)) => {
            let key = key.to_str().unwrap_or_default().to_owned();
            keyed(&state, token, &key, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
        _ => next.run(request).await,
    }
}

async fn keyed(state: &WebState, token: TokenId, key: &str, request: Request, next: Next) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, state.settings.api_body_limit)
        .await
        .map_err(|_| Problem::too_large(format!("a body has at most {} bytes", state.settings.api_body_limit)))?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let digest = idempotency::digest(parts.method.as_str(), path, &body);
    let claim = Claim { token, key: key.to_owned(), at: state.now() };
    let state = state.clone();
    let answer = async move {
        match claim.begin(&state, &digest).await? {
            Begun::Finished { status, body, etag } => Ok(again(status, body, etag)),
            Begun::Fresh => {
                let response = next.run(Request::from_parts(parts, Body::from(body))).await;
                Ok(claim.settle(&state, response).await)
            }
        }
    };
    // A task of its own, because a client that hangs up, or a time-out, ends what it waits for. Cut off in the middle, the key
    // would stay in progress, and it is for the client whose connection broke that it exists.
    tokio::spawn(answer).await.unwrap_or_else(|broken| match broken.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(Problem::in_progress("the server stopped before the request was answered")),
    })
}

fn again(status: u16, body: String, etag: Option<String>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Some(etag) = etag.and_then(|etag| HeaderValue::try_from(etag).ok()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Key => Self::bad_request(refused),
            Refused::OtherRequest => Self::other_request(refused),
            Refused::InProgress => Self::in_progress(refused),
            Refused::Unknown => Self::outcome_unknown(refused),
            Refused::Database(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;
