//! `/api/v1/subscribers`.

mod consent;
mod create;
mod erase;
mod export;
mod invite;
mod leave;
mod list;
mod pause;
mod show;
mod subscriptions;
mod update;

use ::subscribers::opt_in::RequestError;
use ::subscribers::{Error, Profile, Subscriber};
use chrono::{DateTime, Utc};
use domain::{Actor, EmailAddress, Locale, MailboxProvider, SubscriberId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(invite::handler))
        .routes(routes!(show::handler, update::handler, erase::handler))
        .routes(routes!(subscriptions::handler))
        .routes(routes!(consent::handler))
        .routes(routes!(export::handler))
        .routes(routes!(leave::handler))
        .routes(routes!(pause::handler))
}

/// A person on file.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Subscriber)]
struct View {
    id: SubscriberId,
    #[schema(value_type = String, format = "email")]
    email: EmailAddress,
    profile: Profile,
    locale: Locale,
    /// Who keeps their mailbox.
    provider: MailboxProvider,
    /// Whether they agreed to be counted one by one when they open and click.
    tracking_consent: bool,
    /// Soft failures since the last success, one a day at most.
    score: i32,
    /// When a mail was last known to have reached them.
    last_success_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    #[schema(value_type = String)]
    created_by: Actor,
    updated_at: DateTime<Utc>,
    #[schema(value_type = String)]
    updated_by: Actor,
}

impl From<Subscriber> for View {
    fn from(person: Subscriber) -> Self {
        Self {
            id: person.id,
            email: person.email,
            profile: person.profile,
            locale: person.locale,
            provider: person.provider,
            tracking_consent: person.tracking_consent,
            score: person.score,
            last_success_at: person.last_success_at,
            version: person.version,
            created_at: person.created_at,
            created_by: person.created_by,
            updated_at: person.updated_at,
            updated_by: person.updated_by,
        }
    }
}

/// The person, or a problem that says that there is none.
async fn find(state: &WebState, id: SubscriberId) -> Result<Subscriber, Problem> {
    Ok(::subscribers::find(state.db.reader(), id).await?.ok_or(Error::NotFound(id))?)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found(error),
            Error::Conflict { .. } => Self::changed(error),
            Error::EmailTaken(_) => Self::taken(error),
            Error::Unreachable(_) => Self::field("email", error),
            Error::Invalid { field, words } => Self::field(field, words),
            Error::Attribute(_) => Self::field("attributes", error),
            Error::UnknownTopic(_) => Self::field("topics", error),
            Error::Suppressed(_) => Self::conflict(error),
            Error::Brand(error) => error.into(),
            Error::Topic(error) => error.into(),
            Error::Form(error) => error.into(),
            Error::Row(_)
            | Error::OptInRow(_)
            | Error::Activity(_)
            | Error::Outbox(_)
            | Error::Lease(_)
            | Error::Ledger(_)
            | Error::Database(_) => Self::ours(&error),
        }
    }
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NoTopic | RequestError::UnknownTopic(_) => Self::field("topics", error),
            RequestError::Missing(field) | RequestError::NotAsked(field) => Self::field(field, error),
            RequestError::UnknownForm(_) => Self::field("form", error),
            RequestError::Other(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
