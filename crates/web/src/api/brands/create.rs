use axum::extract::State;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::Json;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{BrandsWrite, May};
use crate::api::version::Tagged;

/// Makes a brand
///
/// Needs `brands:write`.
#[utoipa::path(
    post,
    path = "/api/v1/brands",
    operation_id = "create_brand",
    tag = "brands",
    params(Once),
    request_body = Fields,
    responses((status = 201, description = "The brand.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<BrandsWrite>,
    State(state): State<WebState>,
    Json(fields): Json<Fields>,
) -> Result<Tagged<View>, Problem> {
    let txn = state.db.begin().await?;
    let brand = brands::create(&txn, fields.into(), &caller.actor(), state.now()).await?;
    txn.commit().await?;
    Ok(Tagged::created(brand.version, brand.into()))
}
