use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::CampaignId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsSend, May};
use crate::api::version::{MaybeIfMatch, MaybePrecondition, Tagged};

/// When a campaign goes out.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ScheduleCampaign)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    /// Within a year; a time that is past means at once.
    send_at: DateTime<Utc>,
}

/// Gives a campaign its time
///
/// Needs `campaigns:send`. What is compiled now is what goes out.
#[utoipa::path(
    post,
    path = "/api/v1/campaigns/{id}/schedule",
    operation_id = "schedule_campaign",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign."), MaybePrecondition, Once),
    request_body = Schedule,
    responses((status = 200, description = "The campaign as it is now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    MaybeIfMatch(expected): MaybeIfMatch,
    Json(schedule): Json<Schedule>,
) -> Result<Tagged<View>, Problem> {
    let (actor, now) = (caller.actor(), state.now());
    let campaign = campaigns::schedule(&state.db, id, schedule.send_at, expected, &actor, now).await?;
    Ok(Tagged::ok(campaign.version, campaign.into()))
}
