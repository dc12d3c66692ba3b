//! What a person decides about many deliveries of a campaign, a thousand at a time.

use axum::extract::State;
use campaigns::{Decided, Many};
use chrono::{DateTime, Utc};
use domain::{Actor, CampaignId, Ordinal};
use outbox::Decision;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use verdict::Class;

use super::class;
use crate::WebState;
use crate::api::extract::{Json, Path, Query};
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsSend, May};

/// Which deliveries are meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Meant {
    /// The `next` of the piece before.
    after: Option<String>,
    /// Only what had ended by then; without it, by now. Repeated with the same time, a decision means the same deliveries, and not
    /// those that failed again since.
    before: Option<DateTime<Utc>>,
}

/// Which failures are meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfClass {
    /// Only those whose last attempt was called this: `soft`, `block`, `content`, `likely_gone`, `hard`, `domain_gone`. Without it: all
    /// but the last two, whose addresses do not exist.
    class: Option<String>,
}

/// What became of a piece.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecidedDeliveries)]
pub(super) struct View {
    /// Deliveries that were changed.
    changed: u64,
    /// Left as they are, because their address does not exist and `class` did not ask for those.
    gone: u64,
    /// Left as they are, because the person may not be mailed any more.
    barred: u64,
    /// Left as they are, because an attempt may have been taken, or somebody else was faster.
    doubted: u64,
    /// What to send as `after` for the next piece; none when this was the last.
    next: Option<String>,
}

impl From<Decided> for View {
    fn from(decided: Decided) -> Self {
        let Decided { changed, gone, barred, doubted, next } = decided;
        Self { changed, gone, barred, doubted, next: next.map(|next| next.to_string()) }
    }
}

/// Tries again what failed of a campaign, a thousand deliveries at a time
///
/// Needs `campaigns:send`. Repeat it with `next` as `after` until there is none. A campaign that was sent is being sent again, and one
/// that is cancelled is refused. What may have been taken is not tried again, and who may not be mailed any more is left alone.
#[utoipa::path(
    post,
    path = "/api/v1/campaigns/{id}/deliveries/retry",
    operation_id = "retry_campaign",
    tag = "deliveries",
    params(("id" = CampaignId, Path, description = "The campaign."), Meant, OfClass, Once),
    responses((status = 200, description = "What became of this piece.", body = View), Problem)
)]
pub(super) async fn retry(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    Query(meant): Query<Meant>,
    Query(of): Query<OfClass>,
) -> Result<Json<View>, Problem> {
    decide(&state, id, Decision::Retry, class(of.class.as_deref())?, &meant, &caller.actor()).await
}

/// Sends once more what is in doubt of a campaign, a thousand deliveries at a time
///
/// Needs `campaigns:send`. Repeat it with `next` as `after` until there is none. Each keeps its Message-ID, and its recipient may get it
/// twice.
#[utoipa::path(
    post,
    path = "/api/v1/campaigns/{id}/deliveries/resend",
    operation_id = "resend_campaign",
    tag = "deliveries",
    params(("id" = CampaignId, Path, description = "The campaign."), Meant, Once),
    responses((status = 200, description = "What became of this piece.", body = View), Problem)
)]
pub(super) async fn resend(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    Query(meant): Query<Meant>,
) -> Result<Json<View>, Problem> {
    decide(&state, id, Decision::Resend, None, &meant, &caller.actor()).await
}

/// Leaves alone for good what is in doubt of a campaign, a thousand deliveries at a time
///
/// Needs `campaigns:send`. Repeat it with `next` as `after` until there is none.
#[utoipa::path(
    post,
    path = "/api/v1/campaigns/{id}/deliveries/give-up",
    operation_id = "give_up_campaign",
    tag = "deliveries",
    params(("id" = CampaignId, Path, description = "The campaign."), Meant, Once),
    responses((status = 200, description = "What became of this piece.", body = View), Problem)
)]
pub(super) async fn give_up(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    Query(meant): Query<Meant>,
) -> Result<Json<View>, Problem> {
    decide(&state, id, Decision::GiveUp, None, &meant, &caller.actor()).await
}

async fn decide(
    state: &WebState,
    id: CampaignId,
    decision: Decision,
    class: Option<Class>,
    meant: &Meant,
    actor: &Actor,
) -> Result<Json<View>, Problem> {
    let now = state.now();
    let after = meant.after.as_deref().map(|text| {
        text.parse()
            .map(Ordinal)
            .map_err(|_| Problem::bad_request(format!("after is {text:?}; take the next of the piece before")))
    });
    let many = Many { decision, class, before: meant.before.unwrap_or(now), after: after.transpose()? };
    let txn = state.db.begin().await?;
    let decided = campaigns::decide_many(&txn, id, &many, actor, now).await?;
    txn.commit().await?;
    Ok(Json(decided.into()))
}
