use axum::extract::State;
use axum::http::StatusCode;
use domain::{CampaignId, DeliveryKey, EmailAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsWrite, May};

/// Who looks at it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TestCampaign)]
#[serde(deny_unknown_fields)]
pub(super) struct Test {
    /// Any address.
    #[schema(value_type = String, format = "email")]
    to: EmailAddress,
}

/// The delivery to follow.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestDelivery {
    /// `MAILING.ORDINAL`, as `/api/v1/deliveries/{id}` takes it.
    id: String,
}

impl From<DeliveryKey> for TestDelivery {
    fn from(key: DeliveryKey) -> Self {
        Self { id: key.to_string() }
    }
}

/// Sends a campaign, as it is now, to one address
///
/// Needs `campaigns:write`. Its links work and change nothing.
#[utoipa::path(
    post,
    path = "/api/v1/campaigns/{id}/test",
    operation_id = "test_campaign",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign."), Once),
    request_body = Test,
    responses((status = 202, description = "The delivery to follow.", body = TestDelivery), Problem)
)]
pub(super) async fn handler(
    caller: May<CampaignsWrite>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    Json(test): Json<Test>,
) -> Result<(StatusCode, Json<TestDelivery>), Problem> {
    test.to.check_reachable().map_err(|error| Problem::field("to", error))?;
    let key = campaigns::test_mail(&state.db, id, test.to, &caller.actor(), state.now()).await?;
    Ok((StatusCode::ACCEPTED, Json(key.into())))
}
