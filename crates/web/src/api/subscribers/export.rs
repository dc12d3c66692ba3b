use axum::extract::State;
use domain::SubscriberId;
use subscribers::{Error, Export};

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersRead};

/// All that is kept about a person
///
/// Needs `subscribers:read`. What a person who asks for their data is given (GDPR art. 15 and 20).
#[utoipa::path(
    get,
    path = "/api/v1/subscribers/{id}/export",
    operation_id = "export_subscriber",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person.")),
    responses((status = 200, description = "All of it.", body = serde_json::Value), Problem)
)]
pub(super) async fn handler(
    _: May<SubscribersRead>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
) -> Result<Json<Export>, Problem> {
    let found = subscribers::export(state.db.reader(), id, state.now()).await?;
    Ok(Json(found.ok_or(Error::NotFound(id))?))
}
