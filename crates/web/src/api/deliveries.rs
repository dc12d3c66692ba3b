//! `/api/v1/deliveries`, and a campaign's deliveries.

mod decide;
mod decide_many;
mod export;
mod list;
mod show;

use std::fmt;

use chrono::{DateTime, Utc};
use domain::{DeliveryKey, EmailAddress, MailboxProvider, SubscriberId};
use outbox::{Delivery, Error, State};
use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use verdict::Class;

use super::problem::Problem;
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler))
        .routes(routes!(show::handler))
        .routes(routes!(decide::resend))
        .routes(routes!(decide::give_up))
        .routes(routes!(decide::retry))
        .routes(routes!(decide_many::retry))
        .routes(routes!(decide_many::resend))
        .routes(routes!(decide_many::give_up))
        .routes(routes!(export::handler))
}

/// A delivery's name in a path: `MAILING.ORDINAL`.
#[derive(Clone, Copy, Debug)]
struct Key(DeliveryKey);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One message to one recipient, as far as it has come.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
struct View {
    /// `MAILING.ORDINAL`.
    id: String,
    /// The person, unless erased or never on file.
    subscriber: Option<SubscriberId>,
    /// The address that was given with the mail, if one was: test mails have one.
    #[schema(value_type = Option<String>, format = "email")]
    recipient: Option<EmailAddress>,
    /// Who keeps the mailbox.
    provider: MailboxProvider,
    #[schema(inline)]
    state: State,
    /// Why it was skipped.
    skipped_why: Option<String>,
    /// How many attempts were begun.
    attempts: i32,
    /// When it is tried again, if it is deferred.
    due_at: Option<DateTime<Utc>>,
    /// When a relay took it.
    sent_at: Option<DateTime<Utc>>,
    /// When it came back.
    bounced_at: Option<DateTime<Utc>>,
    /// When its recipient complained.
    complained_at: Option<DateTime<Utc>>,
}

impl From<Delivery> for View {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.key.to_string(),
            subscriber: delivery.subscriber,
            recipient: delivery.recipient,
            provider: delivery.lane,
            state: delivery.state,
            skipped_why: delivery.skipped_why,
            attempts: delivery.attempts,
            due_at: delivery.due_at,
            sent_at: delivery.sent_at,
            bounced_at: delivery.bounced_at,
            complained_at: delivery.complained_at,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownMailing(_) | Error::UnknownDelivery(_) => Self::not_found(error),
            Error::Closed(_) | Error::Mailing(_) | Error::Delivery(_) | Error::Doubted(_) => Self::conflict(error),
            Error::Data(..) | Error::Database(_) => Self::ours(&error),
        }
    }
}

/// A class of failures by its name.
fn class(name: Option<&str>) -> Result<Option<Class>, Problem> {
    name.map(str::parse).transpose().map_err(Problem::bad_request)
}

#[cfg(test)]
mod tests;
