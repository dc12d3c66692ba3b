use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Query};
use crate::api::page::{Page, Paging};
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// Which alerts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Those too that are over or acknowledged.
    #[serde(default)]
    all: bool,
}

/// What staff has to know, the newest first
///
/// Needs `campaigns:read`. Shows what lasts and nobody has acknowledged.
#[utoipa::path(
    get,
    path = "/api/v1/alerts",
    operation_id = "list_alerts",
    tag = "alerts",
    params(Paging, Asked),
    responses((status = 200, description = "A page of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<CampaignsRead>,
    State(state): State<WebState>,
    Query(paging): Query<Paging>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let limit = paging.limit()?;
    let rows = alerts::list(state.db.reader(), asked.all, paging.after()?, limit + 1).await?;
    Ok(Json(Page::new(rows, limit, |alert| alert.id, View::from)))
}
