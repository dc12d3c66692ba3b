use axum::extract::State;
use campaigns::{CampaignEvent, CampaignStatus, HistoryEntry, PauseReason};
use chrono::{DateTime, Utc};
use domain::{Actor, CampaignId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// One thing that happened to a campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignHistoryEntry)]
pub(super) struct View {
    at: DateTime<Utc>,
    event: CampaignEvent,
    from: CampaignStatus,
    to: CampaignStatus,
    #[schema(value_type = String)]
    actor: Actor,
    /// Why it was paused, if too much of it went wrong.
    #[schema(inline)]
    because: Option<PauseReason>,
}

impl From<HistoryEntry> for View {
    fn from(entry: HistoryEntry) -> Self {
        let HistoryEntry { at, event, from, to, actor, because } = entry;
        Self { at, event, from, to, actor, because }
    }
}

/// Everything that happened to a campaign, in order
///
/// Needs `campaigns:read`.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns/{id}/history",
    operation_id = "list_campaign_history",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "All of it.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<CampaignsRead>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
) -> Result<Json<Page<View>>, Problem> {
    let conn = state.db.reader();
    campaigns::find(conn, id).await?.ok_or(campaigns::Error::NotFound(id))?;
    let entries = campaigns::history(conn, id).await?;
    Ok(Json(Page::whole(entries.into_iter().map(View::from).collect())))
}
