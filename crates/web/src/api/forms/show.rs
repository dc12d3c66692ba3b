use axum::extract::State;
use domain::FormId;
use subscribers::form;

use super::View;
use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{FormsRead, May};
use crate::api::version::Tagged;

/// One form
///
/// Needs `forms:read`.
#[utoipa::path(
    get,
    path = "/api/v1/forms/{id}",
    operation_id = "show_form",
    tag = "forms",
    params(("id" = FormId, Path, description = "The form.")),
    responses((status = 200, description = "The form.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<FormsRead>,
    State(state): State<WebState>,
    Path(id): Path<FormId>,
) -> Result<Tagged<View>, Problem> {
    let form = form::find(state.db.reader(), id).await?.ok_or(form::Error::NotFound(id))?;
    Ok(Tagged::ok(form.current.number.into(), form.into()))
}
