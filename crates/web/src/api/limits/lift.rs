use axum::extract::State;
use axum::http::StatusCode;
use domain::MailboxProvider;

use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsSend, May};

/// Ends what holds a provider back
///
/// Needs `campaigns:send`. Its pause ends, and it is mailed as fast as its limit says; who did it is kept.
#[utoipa::path(
    post,
    path = "/api/v1/limits/{provider}/lift",
    operation_id = "lift_limit",
    tag = "limits",
    params(("provider" = String, Path, description = "The provider, such as gmail.")),
    responses((status = 204, description = "Nothing holds it back."), Problem)
)]
pub(super) async fn handler(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(provider): Path<MailboxProvider>,
) -> Result<StatusCode, Problem> {
    if !::limits::lift(&state.db, &provider, &caller.actor(), state.now()).await? {
        return Err(Problem::not_found(format!("nothing holds {provider} back")));
    }
    Ok(StatusCode::NO_CONTENT)
}
