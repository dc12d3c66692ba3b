use axum::extract::State;
use domain::FormId;
use subscribers::form;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{FormsWrite, May};
use crate::api::version::{IfMatch, Precondition, Tagged};

/// Gives a form its next version
///
/// Needs `forms:write`. The version before stays as it was: it proves what people agreed to.
#[utoipa::path(
    put,
    path = "/api/v1/forms/{id}",
    operation_id = "revise_form",
    tag = "forms",
    params(("id" = FormId, Path, description = "The form."), Precondition),
    request_body = Fields,
    responses((status = 200, description = "The form as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<FormsWrite>,
    State(state): State<WebState>,
    Path(id): Path<FormId>,
    IfMatch(expected): IfMatch,
    Json(fields): Json<Fields>,
) -> Result<Tagged<View>, Problem> {
    let expected = expected.try_into().map_err(|_| Problem::changed("the form never had that version"))?;
    let form = form::revise(&state.db, id, expected, fields.into(), &caller.actor(), state.now()).await?;
    Ok(Tagged::ok(form.current.number.into(), form.into()))
}
