use axum::extract::State;
use domain::CampaignId;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsWrite, May};
use crate::api::version::{IfMatch, Precondition, Tagged};

/// Changes a campaign, whole, while it is not on its way
///
/// Needs `campaigns:write`. A campaign under review becomes a draft again.
#[utoipa::path(
    put,
    path = "/api/v1/campaigns/{id}",
    operation_id = "update_campaign",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign."), Precondition),
    request_body = Fields,
    responses((status = 200, description = "The campaign as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<CampaignsWrite>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    IfMatch(expected): IfMatch,
    Json(fields): Json<Fields>,
) -> Result<Tagged<View>, Problem> {
    let campaign = campaigns::update(&state.db, id, fields.into(), expected, &caller.actor(), state.now()).await?;
    Ok(Tagged::ok(campaign.version, campaign.into()))
}
