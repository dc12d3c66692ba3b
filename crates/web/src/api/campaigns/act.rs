//! The acts that need no more than the campaign's id.

use axum::extract::State;
use domain::CampaignId;

use super::View;
use crate::WebState;
use crate::api::extract::Path;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsSend, CampaignsWrite, May};
use crate::api::version::{MaybeIfMatch, MaybePrecondition, Tagged};

macro_rules! act {
    ($(#[doc = $title:literal] #[doc = $more:literal] $act:ident: $scope:ident, $path:literal, $id:literal;)*) => {$(
        #[doc = $title]
        #[doc = ""]
        #[doc = $more]
        #[utoipa::path(
            post,
            path = $path,
            operation_id = $id,
            tag = "campaigns",
            params(("id" = CampaignId, Path, description = "The campaign."), MaybePrecondition, Once),
            responses((status = 200, description = "The campaign as it is now.", body = View), Problem)
        )]
        pub(super) async fn $act(
            caller: May<$scope>,
            State(state): State<WebState>,
            Path(id): Path<CampaignId>,
            MaybeIfMatch(expected): MaybeIfMatch,
        ) -> Result<Tagged<View>, Problem> {
            let campaign = campaigns::$act(&state.db, id, expected, &caller.actor(), state.now()).await?;
            Ok(Tagged::ok(campaign.version, campaign.into()))
        }
    )*};
}

act! {
    /// Asks somebody else to look at a draft
    /// Needs `campaigns:write`.
    submit: CampaignsWrite, "/api/v1/campaigns/{id}/submit", "submit_campaign";
    /// Takes a scheduled campaign's time away
    /// Needs `campaigns:send`. It is a draft again and can be changed.
    unschedule: CampaignsSend, "/api/v1/campaigns/{id}/unschedule", "unschedule_campaign";
    /// Holds a campaign that is being sent
    /// Needs `campaigns:send`. Within a second or two nothing of it is handed to a relay.
    pause: CampaignsSend, "/api/v1/campaigns/{id}/pause", "pause_campaign";
    /// Lets a paused campaign go on
    /// Needs `campaigns:send`.
    resume: CampaignsSend, "/api/v1/campaigns/{id}/resume", "resume_campaign";
    /// Calls a campaign off for good
    /// Needs `campaigns:send`. What has not gone out will not.
    cancel: CampaignsSend, "/api/v1/campaigns/{id}/cancel", "cancel_campaign";
}
