use axum::extract::State;
use domain::{BrandId, SubscriberId, TopicId};
use serde::{Deserialize, Serialize};
use subscribers::opt_out::{self, What};
use subscribers::{Evidence, Source};
use utoipa::ToSchema;

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersWrite};

/// What the person leaves.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Leave {
    /// One topic.
    Topic(TopicId),
    /// All topics of a brand.
    Brand(BrandId),
}

/// What was left.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Left {
    /// The topics that were left now: none if they were left before.
    topics: Vec<TopicId>,
}

/// Unsubscribes a person on their word
///
/// Needs `subscribers:write`.
#[utoipa::path(
    post,
    path = "/api/v1/subscribers/{id}/leave",
    operation_id = "unsubscribe_subscriber",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person.")),
    request_body = Leave,
    responses((status = 200, description = "What was left.", body = Left), Problem)
)]
pub(super) async fn handler(
    caller: May<SubscribersWrite>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
    Json(leave): Json<Leave>,
) -> Result<Json<Left>, Problem> {
    super::find(&state, id).await?;
    let what = match leave {
        Leave::Topic(topic) => What::Topic(topic),
        Leave::Brand(brand) => What::Brand(brand),
    };
    let leave =
        opt_out::Leave { subscriber: id, what, source: Source::Api, actor: caller.actor(), evidence: Evidence::none() };
    let left = opt_out::leave(&state.db, &leave, state.now()).await?;
    Ok(Json(Left { topics: left.into_iter().map(|topic| topic.id).collect() }))
}
