use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use domain::ReturnedMailId;

use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{FeedbackRead, May};

/// A returned mail byte for byte as it came
///
/// Needs `feedback:read`. It is empty once the person is erased.
#[utoipa::path(
    get,
    path = "/api/v1/feedback/{id}/raw",
    operation_id = "show_feedback_raw",
    tag = "feedback",
    params(("id" = ReturnedMailId, Path, description = "The mail.")),
    responses((status = 200, description = "The mail.", body = String, content_type = "message/rfc822"), Problem)
)]
pub(super) async fn handler(
    _: May<FeedbackRead>,
    State(state): State<WebState>,
    Path(id): Path<ReturnedMailId>,
) -> Result<Response, Problem> {
    let mail = feedback::raw(state.db.reader(), id).await?;
    let mail = mail.ok_or_else(|| Problem::not_found(format!("returned mail {id} does not exist")))?;
    // It was written by strangers: it is a file to keep, never a page to open.
    let headers = [
        (header::CONTENT_TYPE, "message/rfc822"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"returned.eml\""),
    ];
    Ok((headers, mail).into_response())
}
