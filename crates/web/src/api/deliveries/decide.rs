//! What a person decides about one delivery that goes no further by itself.

use axum::extract::State;
use domain::{Actor, DeliveryKey};
use outbox::Decision;
use serde::Deserialize;
use utoipa::IntoParams;
use verdict::Class;

use super::{Key, View, class};
use crate::WebState;
use crate::api::extract::{Json, Path, Query};
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsSend, May};

/// Which failure is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Meant {
    /// `hard` or `domain_gone` has a delivery tried again whose address does not exist, too.
    class: Option<String>,
}

/// Sends a delivery in doubt once more
///
/// Needs `campaigns:send`. It keeps its Message-ID, and its recipient may get it twice. A cancelled campaign's stays as it is, and so
/// does that of a person who may not be mailed any more.
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
    decide(&state, key, Decision::Resend, None, &caller.actor()).await
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
    decide(&state, key, Decision::GiveUp, None, &caller.actor()).await
}

/// Tries a delivery again that failed
///
/// Needs `campaigns:send`. Refused where an attempt at it may have been taken, where its campaign is cancelled, where the person may
/// not be mailed any more, and, unless `class` says so, where its address does not exist.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/retry",
    operation_id = "retry_delivery",
    tag = "deliveries",
    params(("id" = String, Path, description = "`MAILING.ORDINAL`."), Meant, Once),
    responses((status = 200, description = "The delivery as it is now.", body = View), Problem)
)]
pub(super) async fn retry(
    caller: May<CampaignsSend>,
    State(state): State<WebState>,
    Path(Key(key)): Path<Key>,
    Query(meant): Query<Meant>,
) -> Result<Json<View>, Problem> {
    decide(&state, key, Decision::Retry, class(meant.class.as_deref())?, &caller.actor()).await
}

async fn decide(
    state: &WebState,
    key: DeliveryKey,
    decision: Decision,
    class: Option<Class>,
    actor: &Actor,
) -> Result<Json<View>, Problem> {
    let (txn, now) = (state.db.begin().await?, state.now());
    campaigns::decide(&txn, key, decision, class, actor, now).await?;
    let delivery = outbox::find(&txn, key).await?.ok_or(outbox::Error::UnknownDelivery(key))?;
    txn.commit().await?;
    Ok(Json(delivery.into()))
}
