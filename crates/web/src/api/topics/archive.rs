use axum::extract::State;
use domain::TopicId;
use subscribers::topic;

use super::View;
use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{May, TopicsWrite};
use crate::api::version::{IfMatch, Precondition, Tagged};

/// Lets a topic take nobody any more
///
/// Needs `topics:write`. Who is subscribed stays so, and may leave.
#[utoipa::path(
    post,
    path = "/api/v1/topics/{id}/archive",
    operation_id = "archive_topic",
    tag = "topics",
    params(("id" = TopicId, Path, description = "The topic."), Precondition),
    responses((status = 200, description = "The topic as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<TopicsWrite>,
    State(state): State<WebState>,
    Path(id): Path<TopicId>,
    IfMatch(expected): IfMatch,
) -> Result<Tagged<View>, Problem> {
    let txn = state.db.begin().await?;
    let topic = topic::archive(&txn, id, expected, &caller.actor(), state.now()).await?;
    txn.commit().await?;
    Ok(Tagged::ok(topic.version, topic.into()))
}
