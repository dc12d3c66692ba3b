use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::{EmailAddress, Locale, TopicId};
use serde::Deserialize;
use subscribers::{Basis, Profile, Source};
use utoipa::ToSchema;

use super::View;
use crate::WebState;
use crate::api::extract::Json;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersWrite};
use crate::api::version::Tagged;

/// A person who may be written to already.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewSubscriber)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// Where their mail goes.
    #[schema(value_type = String, format = "email")]
    email: EmailAddress,
    /// What is known about them.
    #[serde(default)]
    profile: Profile,
    /// Their language.
    #[serde(default)]
    locale: Locale,
    /// What they are subscribed to at once.
    topics: Vec<TopicId>,
    /// Why we may write to them.
    basis: Basis,
    /// How that basis was gained, in words: goes into the consent ledger.
    stated: String,
    /// Until when the basis holds, where the law lets it end.
    until: Option<DateTime<Utc>>,
}

/// Brings a person on file whom you may write to already
///
/// Needs `subscribers:write`. The basis must be named, and goes into the consent ledger with its words. For everybody else
/// there is the invitation, which asks them.
#[utoipa::path(
    post,
    path = "/api/v1/subscribers",
    operation_id = "create_subscriber",
    tag = "subscribers",
    params(Once),
    request_body = New,
    responses((status = 201, description = "The person.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<SubscribersWrite>,
    State(state): State<WebState>,
    Json(new): Json<New>,
) -> Result<Tagged<View>, Problem> {
    let New { email, profile, locale, topics, basis, stated, until } = new;
    if stated.trim().is_empty() {
        return Err(Problem::field("stated", "must say how the basis was gained"));
    }
    let new = subscribers::New { email, profile, locale, topics, basis, stated, until, source: Source::Api };
    let person = subscribers::create(&state.db, &state.keys, new, &caller.actor(), state.now()).await?;
    Ok(Tagged::created(person.version, person.into()))
}
