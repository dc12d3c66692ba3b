use axum::extract::State;
use domain::AlertId;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsSend, May};

/// Says that somebody knows
///
/// Needs `campaigns:send`. It is in the usual list no more, and not raised again while its cause lasts. Twice is harmless.
#[utoipa::path(
    post,
    path = "/api/v1/alerts/{id}/acknowledge",
    operation_id = "acknowledge_alert",
    tag = "alerts",
    params(("id" = AlertId, Path, description = "The alert.")),
    responses((status = 200, description = "The alert as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(id): Path<AlertId>,
) -> Result<Json<View>, Problem> {
    let alert = alerts::acknowledge(state.db.writer(), id, &caller.actor(), state.now()).await?;
    Ok(Json(alert.into()))
}
