use axum::extract::State;
use domain::{CampaignId, SubscriberId};
use renderer::Rendered;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::WebState;
use crate::api::extract::{Json, Path, Query};
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// For whom.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The person it is shown for; nobody in particular if left out.
    subscriber: Option<SubscriberId>,
}

/// The mail as this person would get it. Its links name nobody.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    subject: String,
    html: String,
    text: String,
}

impl From<Rendered> for Preview {
    fn from(mail: Rendered) -> Self {
        let Rendered { subject, html, text } = mail;
        Self { subject, html, text }
    }
}

/// A campaign as one subscriber would get it
///
/// Needs `campaigns:read`.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns/{id}/preview",
    operation_id = "preview_campaign",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign."), Asked),
    responses((status = 200, description = "The mail.", body = Preview), Problem)
)]
pub(super) async fn handler(
    _: May<CampaignsRead>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Json<Preview>, Problem> {
    let mail = campaigns::preview(state.db.reader(), &state.links, id, asked.subscriber).await?;
    Ok(Json(mail.into()))
}
