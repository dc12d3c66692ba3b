use axum::extract::State;
use domain::BrandId;
use serde::Deserialize;
use subscribers::topic;
use utoipa::ToSchema;

use super::{Fields, View};
use crate::WebState;
use crate::api::extract::Json;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{May, TopicsWrite};
use crate::api::version::Tagged;

/// A topic to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewTopic)]
pub(super) struct New {
    /// Whose it is to be.
    brand: BrandId,
    #[serde(flatten)]
    fields: Fields,
}

/// Makes a topic
///
/// Needs `topics:write`.
#[utoipa::path(
    post,
    path = "/api/v1/topics",
    operation_id = "create_topic",
    tag = "topics",
    params(Once),
    request_body = New,
    responses((status = 201, description = "The topic.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<TopicsWrite>,
    State(state): State<WebState>,
    Json(new): Json<New>,
) -> Result<Tagged<View>, Problem> {
    let txn = state.db.begin().await?;
    let topic = topic::create(&txn, new.brand, new.fields.into(), &caller.actor(), state.now()).await?;
    txn.commit().await?;
    Ok(Tagged::created(topic.version, topic.into()))
}
