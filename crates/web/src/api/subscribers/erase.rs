use axum::extract::State;
use axum::http::StatusCode;
use domain::SubscriberId;

use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersWrite};
use crate::erasure;

/// Erases a person
///
/// Needs `subscribers:write`. Profile, subscriptions, evidence and every trace in queue and returned mail go; a keyed hash
/// stays, so that no list brings the address back.
#[utoipa::path(
    delete,
    path = "/api/v1/subscribers/{id}",
    operation_id = "erase_subscriber",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person.")),
    responses((status = 204, description = "They are forgotten."), Problem)
)]
pub(super) async fn handler(
    caller: May<SubscribersWrite>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
) -> Result<StatusCode, Problem> {
    erasure::erase(&state.db, id, &caller.actor(), state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
