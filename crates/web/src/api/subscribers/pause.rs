use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use domain::{BrandId, SubscriberId};
use serde::Deserialize;
use subscribers::pause;
use utoipa::ToSchema;

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersWrite};

/// A rest from all topics of a brand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    /// Of which brand.
    brand: BrandId,
    /// Until when, within a year; null ends it.
    until: Option<DateTime<Utc>>,
}

/// Pauses all of a brand's mail to a person, or ends the pause
///
/// Needs `subscribers:write`.
#[utoipa::path(
    put,
    path = "/api/v1/subscribers/{id}/pause",
    operation_id = "pause_subscriber",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person.")),
    request_body = Pause,
    responses((status = 204, description = "So it is now."), Problem)
)]
pub(super) async fn handler(
    caller: May<SubscribersWrite>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
    Json(asked): Json<Pause>,
) -> Result<StatusCode, Problem> {
    super::find(&state, id).await?;
    let now = state.now();
    match asked.until {
        None => pause::end(&state.db, id, asked.brand, &caller.actor(), now).await?,
        Some(until) if until > now && until <= now + Duration::days(pause::LONGEST_DAYS) => {
            pause::set(&state.db, id, asked.brand, until, &caller.actor(), now).await?;
        }
        Some(_) => return Err(Problem::field("until", "must lie within the coming year")),
    }
    Ok(StatusCode::NO_CONTENT)
}
