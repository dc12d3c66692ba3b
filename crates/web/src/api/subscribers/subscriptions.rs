use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{BrandId, SubscriberId, TopicId};
use serde::{Deserialize, Serialize};
use subscribers::{Error, Preferences, subscription};
use utoipa::{IntoParams, ToSchema};

use crate::WebState;
use crate::api::extract::{Json, Path, Query};
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersRead};

/// Which brand's.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The brand.
    brand: BrandId,
}

/// How a person stands to a brand.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subscriptions {
    /// Every topic that the person ever asked for.
    subscriptions: Vec<Subscription>,
    /// Until when they asked for a pause.
    paused_until: Option<DateTime<Utc>>,
}

/// How a person stands to a topic.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Subscription {
    topic: TopicId,
    slug: String,
    state: subscription::State,
}

impl From<Preferences> for Subscriptions {
    fn from(preferences: Preferences) -> Self {
        let choices = preferences.choices.into_iter();
        let subscriptions = choices
            .map(|choice| Subscription { topic: choice.topic.id, slug: choice.topic.slug, state: choice.state })
            .collect();
        Self { subscriptions, paused_until: preferences.paused_until }
    }
}

/// How a person stands to a brand's topics
///
/// Needs `subscribers:read`.
#[utoipa::path(
    get,
    path = "/api/v1/subscribers/{id}/subscriptions",
    operation_id = "show_subscriptions",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person."), Asked),
    responses((status = 200, description = "Topic by topic.", body = Subscriptions), Problem)
)]
pub(super) async fn handler(
    _: May<SubscribersRead>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Subscriptions>, Problem> {
    let found = subscribers::preferences(state.db.reader(), id, asked.brand, state.now()).await?;
    Ok(Json(found.ok_or(Error::NotFound(id))?.into()))
}
