use axum::extract::State;
use domain::BrandId;
use serde::Deserialize;
use subscribers::form;
use utoipa::ToSchema;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::Json;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{FormsWrite, May};
use crate::api::version::Tagged;

/// A form to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewForm)]
pub(super) struct New {
    /// Whose it is to be.
    brand: BrandId,
    /// Its name in URLs: 1 to 40 small letters, digits and hyphens.
    slug: String,
    #[serde(flatten)]
    fields: Fields,
}

/// Makes a form
///
/// Needs `forms:write`.
#[utoipa::path(
    post,
    path = "/api/v1/forms",
    operation_id = "create_form",
    tag = "forms",
    params(Once),
    request_body = New,
    responses((status = 201, description = "The form.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<FormsWrite>,
    State(state): State<WebState>,
    Json(new): Json<New>,
) -> Result<Tagged<View>, Problem> {
    let txn = state.db.begin().await?;
    let form = form::create(&txn, new.brand, &new.slug, new.fields.into(), &caller.actor(), state.now()).await?;
    txn.commit().await?;
    Ok(Tagged::created(form.current.number.into(), form.into()))
}
