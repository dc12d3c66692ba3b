use accounts::Scope;
use axum::extract::State;
use domain::ReturnedMailId;
use feedback::ReleaseError;
use serde::Deserialize;
use utoipa::ToSchema;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{FeedbackWrite, May};

/// Why what a mail did is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ReleaseFeedback)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    /// In words.
    why: String,
}

/// Takes back what a returned mail did to a person
///
/// Needs `feedback:write`, and for a complaint `suppressions:write` as well. The suppression that it brought about is lifted, or the
/// failure that was counted is not counted any more. Neither the same report nor a replay does it again. To release it twice is harmless.
#[utoipa::path(
    post,
    path = "/api/v1/feedback/{id}/release",
    operation_id = "release_feedback",
    tag = "feedback",
    params(("id" = ReturnedMailId, Path, description = "The mail.")),
    request_body = Release,
    responses((status = 200, description = "The mail as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<FeedbackWrite>,
    State(state): State<WebState>,
    Path(id): Path<ReturnedMailId>,
    Json(release): Json<Release>,
) -> Result<Json<View>, Problem> {
    let actor = caller.actor();
    let by = feedback::Release { why: &release.why, actor: &actor, may_lift: caller.may(Scope::SuppressionsWrite) };
    let mail = feedback::release(&state.db, id, by, state.now()).await?;
    Ok(Json(mail.into()))
}

impl From<ReleaseError> for Problem {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::NotFound(_) => Self::not_found(error),
            ReleaseError::WithoutReason => Self::field("why", "must say why"),
            ReleaseError::Harmless(_)
            | ReleaseError::OwnWish
            | ReleaseError::OfProvider
            | ReleaseError::NotTheirs(_) => Self::conflict(error),
            ReleaseError::Complaint(_) => Self::forbidden(format!("{error}; that is the scope suppressions:write")),
            ReleaseError::Lift(error) => error.into(),
            ReleaseError::Activity(_) | ReleaseError::Database(_) => Self::ours(&error),
        }
    }
}
