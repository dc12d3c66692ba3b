//! What a person decides about a delivery in doubt.

use axum::extract::State;
use domain::{Actor, DeliveryKey};

use super::{Key, View};
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsSend, May};

/// Sends a delivery in doubt once more
///
/// Needs `campaigns:send`. It keeps its Message-ID, and its recipient may get it twice.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/resend",
    operation_id = "resend_delivery",
    tag = "deliveries",
    params(("id" = String, Path, description = "`MAILING.ORDINAL`."), Once),
    responses((status = 200, description = "The delivery as it is now.", body = View), Problem)
)]
pub(super) async fn resend(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(Key(key)): Path<Key>,
) -> Result<Json<View>, Problem> {
    decide(&state, key, Choice::Resend, &caller.actor()).await
}

/// Leaves a delivery in doubt alone for good
///
/// Needs `campaigns:send`.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/give-up",
    operation_id = "give_up_delivery",
    tag = "deliveries",
    params(("id" = String, Path, description = "`MAILING.ORDINAL`."), Once),
    responses((status = 200, description = "The delivery as it is now.", body = View), Problem)
)]
pub(super) async fn give_up(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(Key(key)): Path<Key>,
) -> Result<Json<View>, Problem> {
    decide(&state, key, Choice::GiveUp, &caller.actor()).await
}

enum Choice {
    Resend,
    GiveUp,
}

async fn decide(state: &WebState, key: DeliveryKey, choice: Choice, actor: &Actor) -> Result<Json<View>, Problem> {
    let (txn, now) = (state.db.begin().await?, state.now());
    match choice {
        Choice::Resend => outbox::resend(&txn, key, actor, now).await?,
        Choice::GiveUp => outbox::give_up(&txn, key, actor, now).await?,
    }
    let delivery = outbox::find(&txn, key).await?.ok_or(outbox::Error::UnknownDelivery(key))?;
    txn.commit().await?;
    Ok(Json(delivery.into()))
}
