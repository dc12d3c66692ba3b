use axum::extract::State;
use domain::BrandId;
use serde::Deserialize;
use subscribers::topic;
use utoipa::IntoParams;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{May, TopicsRead};

/// Which topics are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The brand whose topics they are.
    brand: BrandId,
}

/// A brand's topics, in its order
///
/// Needs `topics:read`. Archived ones are among them.
#[utoipa::path(
    get,
    path = "/api/v1/topics",
    operation_id = "list_topics",
    tag = "topics",
    params(Asked),
    responses((status = 200, description = "All of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<TopicsRead>,
    State(state): State<WebState>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let topics = topic::list(state.db.reader(), asked.brand).await?;
    Ok(Json(Page::whole(topics.into_iter().map(View::from).collect())))
}
