use axum::extract::State;

use super::View;
use crate::WebState;
use crate::api::extract::Json;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{BrandsRead, May};

/// Every brand, by name
///
/// Needs `brands:read`.
#[utoipa::path(
    get,
    path = "/api/v1/brands",
    operation_id = "list_brands",
    tag = "brands",
    responses((status = 200, description = "All of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(_: May<BrandsRead>, State(state): State<WebState>) -> Result<Json<Page<View>>, Problem> {
    let brands = brands::list(state.db.reader()).await?;
    Ok(Json(Page::whole(brands.into_iter().map(View::from).collect())))
}
