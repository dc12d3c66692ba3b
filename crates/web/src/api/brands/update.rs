use axum::extract::State;
use domain::BrandId;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{BrandsWrite, May};
use crate::api::version::{IfMatch, Precondition, Tagged};

/// Changes a brand, whole
///
/// Needs `brands:write`.
#[utoipa::path(
    put,
    path = "/api/v1/brands/{id}",
    operation_id = "update_brand",
    tag = "brands",
    params(("id" = BrandId, Path, description = "The brand."), Precondition),
    request_body = Fields,
    responses((status = 200, description = "The brand as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<BrandsWrite>,
    State(state): State<WebState>,
    Path(id): Path<BrandId>,
    IfMatch(expected): IfMatch,
    Json(fields): Json<Fields>,
) -> Result<Tagged<View>, Problem> {
    let brand = brands::update(state.db.writer(), id, expected, fields.into(), &caller.actor(), state.now()).await?;
    Ok(Tagged::ok(brand.version, brand.into()))
}
