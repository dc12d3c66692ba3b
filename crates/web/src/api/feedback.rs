//! `/api/v1/feedback`.

mod acknowledge;
mod list;
mod raw;
mod release;
mod replay;
mod show;

use ::feedback::{Effect, Kept, Standing};
use chrono::{DateTime, Utc};
use domain::{Actor, ReturnedMailId, SubscriberId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler))
        .routes(routes!(show::handler))
        .routes(routes!(raw::handler))
        .routes(routes!(release::handler))
        .routes(routes!(replay::handler))
        .routes(routes!(acknowledge::handler))
}

/// A mail that came back, without its text.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReturnedMail)]
struct View {
    id: ReturnedMailId,
    received_at: DateTime<Utc>,
    /// By which door.
    source: String,
    /// Its envelope sender; empty for reports.
    envelope_from: String,
    /// Whom it was sent to.
    envelope_to: String,
    /// What it is.
    kind: String,
    /// What became of it.
    standing: Standing,
    /// Whom it is about.
    subscriber: Option<SubscriberId>,
    /// The delivery that it is about, as `MAILING.ORDINAL`.
    delivery: Option<String>,
    /// The verdict's class.
    class: Option<String>,
    /// The rule that gave the verdict, or the reason of the standing.
    rule: Option<String>,
    /// The words that the verdict was given on.
    words: Option<String>,
    /// What it did to whom it is about.
    effect: Option<Effect>,
    /// How that was taken back, if it was.
    released: Option<Released>,
    /// Who has seen that it waits for a person, if anybody has.
    acknowledged: Option<Acknowledged>,
}

/// Somebody has seen it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AcknowledgedFeedback)]
struct Acknowledged {
    at: DateTime<Utc>,
    #[schema(value_type = Option<String>)]
    by: Option<Actor>,
}

/// Staff took back what a returned mail did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReleasedFeedback)]
struct Released {
    at: DateTime<Utc>,
    #[schema(value_type = Option<String>)]
    by: Option<Actor>,
    why: Option<String>,
}

impl From<Kept> for View {
    fn from(mail: Kept) -> Self {
        Self {
            id: mail.id,
            received_at: mail.received_at,
            source: mail.source,
            envelope_from: mail.envelope_from,
            envelope_to: mail.envelope_to,
            kind: mail.kind,
            standing: mail.standing,
            subscriber: mail.subscriber,
            delivery: mail.delivery.map(|key| key.to_string()),
            class: mail.class,
            rule: mail.rule,
            words: mail.words,
            effect: mail.effect,
            released: mail.released.map(|released| Released { at: released.at, by: released.by, why: released.why }),
            acknowledged: mail.acknowledged.map(|(at, by)| Acknowledged { at, by }),
        }
    }
}

#[cfg(test)]
mod tests;
