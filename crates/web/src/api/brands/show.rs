use axum::extract::State;
use domain::BrandId;

use super::View;
use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{BrandsRead, May};
use crate::api::version::Tagged;

/// One brand
///
/// Needs `brands:read`.
#[utoipa::path(
    get,
    path = "/api/v1/brands/{id}",
    operation_id = "show_brand",
    tag = "brands",
    params(("id" = BrandId, Path, description = "The brand.")),
    responses((status = 200, description = "The brand.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<BrandsRead>,
    State(state): State<WebState>,
    Path(id): Path<BrandId>,
) -> Result<Tagged<View>, Problem> {
    let brand = brands::find(state.db.reader(), id).await?.ok_or(brands::Error::NotFound(id))?;
    Ok(Tagged::ok(brand.version, brand.into()))
}
