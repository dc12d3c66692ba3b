use axum::extract::State;
use axum::http::StatusCode;
use domain::{BrandId, EmailAddress};
use serde::Deserialize;
use subscribers::suppression::{self, Told};
use utoipa::ToSchema;

use super::View;
use crate::WebState;
use crate::api::extract::Json;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{May, SuppressionsWrite};

/// An address that may not be mailed any more.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewSuppression)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// The address.
    #[schema(value_type = String, format = "email")]
    email: EmailAddress,
    /// For which brand; none for every one.
    brand: Option<BrandId>,
    /// Why, in words. Not the address, or it would outlive an erasure.
    #[serde(default)]
    detail: String,
}

/// Suppresses an address by hand
///
/// Needs `suppressions:write`. An equal entry that stands already is enough.
#[utoipa::path(
    post,
    path = "/api/v1/suppressions",
    operation_id = "add_suppression",
    tag = "suppressions",
    params(Once),
    request_body = New,
    responses((status = 201, description = "The entry that stands now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<SuppressionsWrite>,
    State(state): State<WebState>,
    Json(new): Json<New>,
) -> Result<(StatusCode, Json<View>), Problem> {
    let New { email, brand, detail } = new;
    if let Some(brand) = brand {
        brands::find(state.db.reader(), brand).await?.ok_or_else(|| Problem::field("brand", "names no brand"))?;
    }
    let new = suppression::New { email: &email, brand, reason: Told::Manual, detail: &detail };
    let entry = suppression::add(&state.db, &state.keys, &new, &caller.actor(), state.now()).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}
