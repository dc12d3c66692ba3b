use accounts::audit;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ReturnedMailId;
use feedback::AcknowledgeError;

use super::View;
use crate::WebState;
use crate::api::audit::NoEntry;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{FeedbackWrite, May};

/// Says that somebody has looked at a mail that waits for a person
///
/// Needs `feedback:write`. `?unseen=true` lists it no more. Twice is harmless; the first stays.
#[utoipa::path(
    post,
    path = "/api/v1/feedback/{id}/acknowledge",
    operation_id = "acknowledge_feedback",
    tag = "feedback",
    params(("id" = ReturnedMailId, Path, description = "The mail.")),
    responses((status = 200, description = "The mail as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<FeedbackWrite>,
    State(state): State<WebState>,
    Path(id): Path<ReturnedMailId>,
) -> Result<Response, Problem> {
    let (actor, now) = (caller.actor(), state.now());
    let txn = state.db.begin().await?;
    let mail = feedback::acknowledge(&txn, id, &actor, now).await?;
    audit::record(&txn, &actor, "feedback.acknowledge", &format!("feedback:{id}"), None, now).await?;
    txn.commit().await?;
    let mut answer = Json(View::from(mail)).into_response();
    answer.extensions_mut().insert(NoEntry);
    Ok(answer)
}

impl From<AcknowledgeError> for Problem {
    fn from(error: AcknowledgeError) -> Self {
        match error {
            AcknowledgeError::NotFound(_) => Self::not_found(error),
            AcknowledgeError::Settled(_) => Self::conflict(error),
            AcknowledgeError::Database(_) => Self::ours(&error),
        }
    }
}
