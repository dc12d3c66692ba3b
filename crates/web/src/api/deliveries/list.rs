use axum::extract::State;
use domain::{CampaignId, Ordinal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path, Query};
use crate::api::page::{Page, Paging};
use crate::api::problem::Problem;
use crate::api::scope::{DeliveriesRead, May};

/// Which deliveries are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only those in this state.
    #[param(inline)]
    pub(super) state: Option<outbox::State>,
}

/// A campaign's deliveries, in their order
///
/// Needs `deliveries:read`. Before the launch there are none.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns/{id}/deliveries",
    operation_id = "list_deliveries",
    tag = "deliveries",
    params(("id" = CampaignId, Path, description = "The campaign."), Paging, Asked),
    responses((status = 200, description = "A page of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<DeliveriesRead>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    Query(paging): Query<Paging>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let conn = state.db.reader();
    let campaign = campaigns::find(conn, id).await?.ok_or(campaigns::Error::NotFound(id))?;
    let Some(mailing) = campaign.mailing else { return Ok(Json(Page::whole(Vec::new()))) };
    let limit = paging.limit()?;
    let after = paging.after()?.map(Ordinal);
    let rows = outbox::list(conn, mailing, asked.state, after, limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |delivery| delivery.key.ordinal, View::from)))
}
