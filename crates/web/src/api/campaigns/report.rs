use axum::extract::State;
use campaigns::Report;
use domain::CampaignId;

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// How a campaign went
///
/// Needs `campaigns:read`. The states of submission add up to the audience; what came back is counted beside them.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns/{id}/report",
    operation_id = "report_campaign",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The numbers as they are now.", body = Report), Problem)
)]
pub(super) async fn handler(
    _: May<CampaignsRead>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
) -> Result<Json<Report>, Problem> {
    Ok(Json(campaigns::report(state.db.reader(), id).await?))
}
