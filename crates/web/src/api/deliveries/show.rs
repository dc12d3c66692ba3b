use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::EnhancedStatus;
use outbox::Attempt;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Key, View};
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{DeliveriesRead, May};

/// A delivery with every attempt at it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryWithAttempts {
    #[serde(flatten)]
    delivery: View,
    tried: Vec<AttemptView>,
}

/// One attempt and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct AttemptView {
    /// Counted from 1.
    attempt: i32,
    relay: Option<String>,
    /// How far the dialogue came; unknown where the worker was lost.
    phase: Option<String>,
    /// Sent, deferred, failed or in doubt.
    #[schema(inline)]
    outcome: outbox::State,
    /// The reply code.
    code: Option<i16>,
    /// The enhanced status, such as `5.1.1`.
    #[schema(value_type = Option<String>)]
    status: Option<EnhancedStatus>,
    /// The relay's words.
    reply: String,
    /// What the relay calls the message that it took, if it told.
    relay_message_id: Option<String>,
    /// What the words were taken for.
    class: Option<String>,
    /// The rule that said so.
    rule: Option<String>,
    started_at: Option<DateTime<Utc>>,
    answered_at: Option<DateTime<Utc>>,
    /// Whether the answer came when it was no longer waited for.
    late: bool,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            attempt: attempt.attempt,
            relay: attempt.relay,
            phase: attempt.phase.map(|phase| phase.to_string()),
            outcome: attempt.outcome,
            code: attempt.code,
            status: attempt.status,
            reply: attempt.reply,
            relay_message_id: attempt.relay_message_id,
            class: attempt.class,
            rule: attempt.rule,
            started_at: attempt.started_at,
            answered_at: attempt.answered_at,
            late: attempt.late,
        }
    }
}

/// One delivery and every attempt at it
///
/// Needs `deliveries:read`.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{id}",
    operation_id = "show_delivery",
    tag = "deliveries",
    params(("id" = String, Path, description = "`MAILING.ORDINAL`.")),
    responses((status = 200, description = "The delivery.", body = DeliveryWithAttempts), Problem)
)]
pub(super) async fn handler(
    _: May<DeliveriesRead>,
    State(state): State<WebState>,
    Path(Key(key)): Path<Key>,
) -> Result<Json<DeliveryWithAttempts>, Problem> {
    let conn = state.db.reader();
    let delivery = outbox::find(conn, key).await?.ok_or(outbox::Error::UnknownDelivery(key))?;
    let attempts = outbox::attempts(conn, key).await?;
    let tried = attempts.into_iter().map(AttemptView::from).collect();
    Ok(Json(DeliveryWithAttempts { delivery: delivery.into(), tried }))
}
