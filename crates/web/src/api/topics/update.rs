use axum::extract::State;
use domain::TopicId;
use subscribers::topic;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{May, TopicsWrite};
use crate::api::version::{IfMatch, Precondition, Tagged};

/// Changes a topic, whole
///
/// Needs `topics:write`.
#[utoipa::path(
    put,
    path = "/api/v1/topics/{id}",
    operation_id = "update_topic",
    tag = "topics",
    params(("id" = TopicId, Path, description = "The topic."), Precondition),
    request_body = Fields,
    responses((status = 200, description = "The topic as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<TopicsWrite>,
    State(state): State<WebState>,
    Path(id): Path<TopicId>,
    IfMatch(expected): IfMatch,
    Json(fields): Json<Fields>,
) -> Result<Tagged<View>, Problem> {
    let topic = topic::update(state.db.writer(), id, expected, fields.into(), &caller.actor(), state.now()).await?;
    Ok(Tagged::ok(topic.version, topic.into()))
}
