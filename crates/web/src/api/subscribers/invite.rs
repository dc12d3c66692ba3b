use axum::extract::State;
use axum::http::StatusCode;
use domain::{BrandId, EmailAddress, Locale, TopicId};
use serde::Deserialize;
use subscribers::Profile;
use subscribers::opt_in::{self, Invitation};
use utoipa::ToSchema;

use crate::WebState;
use crate::api::extract::Json;
use crate::api::idempotency::Once;
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersWrite};

/// A person who is to be asked.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewInvitation)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    /// On whose behalf.
    brand: BrandId,
    /// The address.
    #[schema(value_type = String, format = "email")]
    email: EmailAddress,
    /// What is known besides; goes on file when the address is confirmed.
    #[serde(default)]
    profile: Profile,
    /// To what.
    topics: Vec<TopicId>,
    /// The language of the mail.
    #[serde(default)]
    locale: Locale,
    /// Why they are asked, in words: goes into the consent ledger.
    stated: String,
}

/// Asks a person to subscribe: double opt-in
///
/// Needs `subscribers:write`. The answer does not say whether the address is on file; at most one such mail a day goes to it.
#[utoipa::path(
    post,
    path = "/api/v1/subscribers/invitations",
    operation_id = "invite_subscriber",
    tag = "subscribers",
    params(Once),
    request_body = New,
    responses((status = 202, description = "They are asked, if they may be."), Problem)
)]
pub(super) async fn handler(
    caller: May<SubscribersWrite>,
    State(state): State<WebState>,
    Json(new): Json<New>,
) -> Result<StatusCode, Problem> {
    let New { brand, email, profile, topics, locale, stated } = new;
    brands::find(state.db.reader(), brand).await?.ok_or_else(|| Problem::field("brand", "names no brand"))?;
    let invitation = Invitation { brand, email, profile, topics, locale, stated };
    opt_in::invite(&state.db, &state.keys, invitation, &caller.actor(), state.now()).await?;
    Ok(StatusCode::ACCEPTED)
}
