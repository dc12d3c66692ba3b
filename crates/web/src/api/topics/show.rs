use axum::extract::State;
use domain::TopicId;
use subscribers::topic;

use super::View;
use crate::WebState;
use crate::api::extract::Path;
use crate::api::problem::Problem;
use crate::api::scope::{May, TopicsRead};
use crate::api::version::Tagged;

/// One topic
///
/// Needs `topics:read`.
#[utoipa::path(
    get,
    path = "/api/v1/topics/{id}",
    operation_id = "show_topic",
    tag = "topics",
    params(("id" = TopicId, Path, description = "The topic.")),
    responses((status = 200, description = "The topic.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<TopicsRead>,
    State(state): State<WebState>,
    Path(id): Path<TopicId>,
) -> Result<Tagged<View>, Problem> {
    let topic = topic::find(state.db.reader(), id).await?.ok_or(topic::Error::NotFound(id))?;
    Ok(Tagged::ok(topic.version, topic.into()))
}
