use axum::extract::State;
use domain::ReturnedMailId;
use feedback::{Replayed, Unchanging};
use serde::Serialize;
use utoipa::ToSchema;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{FeedbackWrite, May};

/// What came of a mail that was dealt with once more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayedFeedback)]
pub(super) struct Answer {
    /// Whether it is understood otherwise than before.
    changed: bool,
    /// If not, why not.
    why: Option<&'static str>,
    /// The mail as it is now.
    mail: View,
}

/// Deals with a returned mail once more, by the rules of today
///
/// Needs `feedback:write`. For what was not understood, or refused, before a rule was added. However often, a mail does what it asks for
/// once; what was released is not done again.
#[utoipa::path(
    post,
    path = "/api/v1/feedback/{id}/replay",
    operation_id = "replay_feedback",
    tag = "feedback",
    params(("id" = ReturnedMailId, Path, description = "The mail.")),
    responses((status = 200, description = "What came of it.", body = Answer), Problem)
)]
pub(super) async fn handler(
    _: May<FeedbackWrite>,
    State(state): State<WebState>,
    Path(id): Path<ReturnedMailId>,
) -> Result<Json<Answer>, Problem> {
    let unknown = || Problem::not_found(format!("returned mail {id} does not exist"));
    let why = match feedback::replay(&state.db, &state.links, id, state.now()).await? {
        Replayed::Unchanged(Unchanging::Unknown) => return Err(unknown()),
        Replayed::Unchanged(why) => Some(why.as_str()),
        Replayed::Changed { .. } => None,
    };
    let mail = feedback::find(state.db.reader(), id).await?.ok_or_else(unknown)?;
    Ok(Json(Answer { changed: why.is_none(), why, mail: mail.into() }))
}

impl From<feedback::Error> for Problem {
    fn from(error: feedback::Error) -> Self {
        Self::ours(&error)
    }
}
