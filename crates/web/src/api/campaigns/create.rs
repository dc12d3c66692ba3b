use axum::extract::State;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::Json;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsWrite, May};
use crate::api::version::Tagged;

/// Writes a campaign down, as a draft
///
/// Needs `campaigns:write`. The templates must compile: an unknown field is told here and not to recipients. To begin with
/// one that is written already, take it from `GET /api/v1/starters`.
#[utoipa::path(
    post,
    path = "/api/v1/campaigns",
    operation_id = "create_campaign",
    tag = "campaigns",
    params(Once),
    request_body = Fields,
    responses((status = 201, description = "The campaign.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<CampaignsWrite>,
    State(state): State<WebState>,
    Json(fields): Json<Fields>,
) -> Result<Tagged<View>, Problem> {
    let campaign = campaigns::create(&state.db, fields.into(), &caller.actor(), state.now()).await?;
    Ok(Tagged::created(campaign.version, campaign.into()))
}
