use axum::extract::State;
use domain::SuppressionId;
use serde::Deserialize;
use subscribers::suppression;
use utoipa::ToSchema;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{May, SuppressionsWrite};

/// Why a suppression ends.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = LiftSuppression)]
#[serde(deny_unknown_fields)]
pub(super) struct Lift {
    /// In words. Complaints and gone mailboxes ask for it.
    why: Option<String>,
}

/// Lifts a suppression
///
/// Needs `suppressions:write`. Whom their own erasure suppresses comes back by a double opt-in only.
#[utoipa::path(
    post,
    path = "/api/v1/suppressions/{id}/lift",
    operation_id = "lift_suppression",
    tag = "suppressions",
    params(("id" = SuppressionId, Path, description = "The entry.")),
    request_body = Lift,
    responses((status = 200, description = "The entry as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<SuppressionsWrite>,
    State(state): State<WebState>,
    Path(id): Path<SuppressionId>,
    Json(lift): Json<Lift>,
) -> Result<Json<View>, Problem> {
    let entry = suppression::lift(&state.db, id, lift.why.as_deref(), &caller.actor(), state.now()).await?;
    Ok(Json(entry.into()))
}
