use axum::extract::State;
use domain::SubscriberId;

use super::View;
use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersRead};
use crate::api::version::Tagged;

/// One person
///
/// Needs `subscribers:read`.
#[utoipa::path(
    get,
    path = "/api/v1/subscribers/{id}",
    operation_id = "show_subscriber",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person.")),
    responses((status = 200, description = "The person.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<SubscribersRead>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
) -> Result<Tagged<View>, Problem> {
    let person = super::find(&state, id).await?;
    Ok(Tagged::ok(person.version, person.into()))
}
