use axum::extract::State;
use domain::CampaignId;

use super::View;
use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};
use crate::api::version::Tagged;

/// One campaign
///
/// Needs `campaigns:read`.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns/{id}",
    operation_id = "show_campaign",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The campaign.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<CampaignsRead>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
) -> Result<Tagged<View>, Problem> {
    let campaign = campaigns::find(state.db.reader(), id).await?.ok_or(campaigns::Error::NotFound(id))?;
    Ok(Tagged::ok(campaign.version, campaign.into()))
}
