use axum::extract::State;
use campaigns::{CampaignStatus, Filter};
use domain::BrandId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Query};
use crate::api::page::{Page, Paging};
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// Which campaigns are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only this brand's.
    brand: Option<BrandId>,
    /// Only those that stand here.
    status: Option<CampaignStatus>,
}

/// Campaigns, the newest first
///
/// Needs `campaigns:read`.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns",
    operation_id = "list_campaigns",
    tag = "campaigns",
    params(Paging, Asked),
    responses((status = 200, description = "A page of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<CampaignsRead>,
    State(state): State<WebState>,
    Query(paging): Query<Paging>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let filter = Filter { brand: asked.brand, status: asked.status };
    let limit = paging.limit()?;
    let rows = campaigns::list(state.db.reader(), &filter, paging.after()?, u64::from(limit) + 1).await?;
    Ok(Json(Page::new(rows, limit, |campaign| campaign.id, View::from)))
}
