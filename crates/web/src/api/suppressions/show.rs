use axum::extract::State;
use domain::SuppressionId;
use subscribers::suppression::{self, LiftError};

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{May, SuppressionsRead};

/// One suppression, and on what it was made
///
/// Needs `suppressions:read`.
#[utoipa::path(
    get,
    path = "/api/v1/suppressions/{id}",
    operation_id = "show_suppression",
    tag = "suppressions",
    params(("id" = SuppressionId, Path, description = "The entry.")),
    responses((status = 200, description = "The entry.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<SuppressionsRead>,
    State(state): State<WebState>,
    Path(id): Path<SuppressionId>,
) -> Result<Json<View>, Problem> {
    let entry = suppression::find(state.db.reader(), id).await?.ok_or(LiftError::NotFound(id))?;
    Ok(Json(entry.into()))
}
