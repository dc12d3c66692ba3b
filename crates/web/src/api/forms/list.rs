use axum::extract::State;
use domain::BrandId;
use serde::Deserialize;
use subscribers::form;
use utoipa::IntoParams;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{FormsRead, May};

/// Which forms are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Only this brand's.
    brand: Option<BrandId>,
}

/// Every form, by slug
///
/// Needs `forms:read`.
#[utoipa::path(
    get,
    path = "/api/v1/forms",
    operation_id = "list_forms",
    tag = "forms",
    params(Asked),
    responses((status = 200, description = "All of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<FormsRead>,
    State(state): State<WebState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let forms = form::list(state.db.reader(), asked.brand).await?;
    Ok(Json(Page::whole(forms.into_iter().map(View::from).collect())))
}
