use axum::extract::State;
use domain::ReturnedMailId;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{FeedbackRead, May};

/// One returned mail, without its text
///
/// Needs `feedback:read`.
#[utoipa::path(
    get,
    path = "/api/v1/feedback/{id}",
    operation_id = "show_feedback",
    tag = "feedback",
    params(("id" = ReturnedMailId, Path, description = "The mail.")),
    responses((status = 200, description = "The mail.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<FeedbackRead>,
    State(state): State<WebState>,
    Path(id): Path<ReturnedMailId>,
) -> Result<Json<View>, Problem> {
    let mail = feedback::find(state.db.reader(), id).await?;
    let mail = mail.ok_or_else(|| Problem::not_found(format!("returned mail {id} does not exist")))?;
    Ok(Json(mail.into()))
}
