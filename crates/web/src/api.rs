//! The JSON API: `/api/v1`, described by `/api/openapi.json`.

mod alerts;
mod audit;
mod brands;
mod campaigns;
mod deliveries;
mod extract;
mod feedback;
mod forms;
mod idempotency;
mod limits;
mod page;
mod problem;
mod scope;
mod subscribers;
mod suppressions;
mod topics;
mod version;

use axum::extract::{DefaultBodyLimit, State};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::limit::RequestBodyLimitLayer;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::idempotency::GivenUp;
use self::problem::Problem;
use crate::WebState;

/// Everything below `/api`.
pub(crate) fn routes(state: &WebState) -> Router<WebState> {
    let limit = state.settings.api_body_limit;
    let (operations, _) = operations().split_for_parts();
    let operations = operations
        .method_not_allowed_fallback(|| async { Problem::method() })
        .layer(middleware::from_fn_with_state(state.clone(), audit::write_down))
        .layer(middleware::from_fn_with_state(state.clone(), idempotency::once))
        .layer(middleware::from_fn_with_state(state.clone(), scope::authenticate))
        .layer(DefaultBodyLimit::max(limit))
        .layer(RequestBodyLimitLayer::new(limit));
    Router::new()
        .route("/api/openapi.json", get(document))
        .merge(operations)
        .route("/api/{*rest}", axum::routing::any(nothing))
}

/// The description of the API (OpenAPI 3.1), as the handlers have it.
pub fn openapi() -> utoipa::openapi::OpenApi {
    operations().split_for_parts().1
}

async fn document(State(_): State<WebState>) -> Response {
    Json(openapi()).into_response()
}

async fn nothing() -> Problem {
    Problem::not_found("there is no such operation; /api/openapi.json lists them all")
}

fn operations() -> OpenApiRouter<WebState> {
    OpenApiRouter::with_openapi(Described::openapi())
        .merge(brands::routes())
        .merge(topics::routes())
        .merge(forms::routes())
        .merge(subscribers::routes())
        .merge(suppressions::routes())
        .merge(campaigns::routes())
        .merge(deliveries::routes())
        .merge(limits::routes())
        .merge(alerts::routes())
        .merge(feedback::routes())
}

/// What the description says beside the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "eshot",
        version = "1",
        description = "Send newsletters to people who asked for them.\n\n\
            Every request carries a token (`eshot token new`) as `Authorization: Bearer …` and is refused with 403 where the \
            token lacks the scope that the operation names. Lists come in pages: `limit` says how long, `after` takes the \
            `next` of the page before. What can be changed has an `ETag`; a change names it in `If-Match` (428 without, 412 \
            when somebody was faster). A POST with an `Idempotency-Key` is carried out once within a day and answered the \
            same again. Errors are problems as in RFC 9457."
    ),
    components(schemas(Problem)),
    modifiers(&BearerToken),
    security(("token" = [])),
    tags(
        (name = "brands", description = "Who the mail is from."),
        (name = "topics", description = "What people subscribe to."),
        (name = "forms", description = "Where people sign up; every version is kept."),
        (name = "subscribers", description = "People on file, and on what basis."),
        (name = "suppressions", description = "Addresses that may not be mailed."),
        (name = "campaigns", description = "What is said, to whom, and when."),
        (name = "deliveries", description = "What became of each mail."),
        (name = "limits", description = "How fast mailbox providers are mailed, and which are left alone."),
        (name = "alerts", description = "What staff has to know."),
        (name = "feedback", description = "What came back."),
    )
)]
struct Described;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

#[cfg(test)]
mod tests;
