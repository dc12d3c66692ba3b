use axum::extract::State;
use domain::{EmailAddress, Locale, SubscriberId};
use serde::Deserialize;
use subscribers::Profile;
use utoipa::ToSchema;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersWrite};
use crate::api::version::{IfMatch, Precondition, Tagged};

/// What is to be changed about a person. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SubscriberChange)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// Another address.
    #[schema(value_type = Option<String>, format = "email")]
    email: Option<EmailAddress>,
    /// Another profile, whole.
    profile: Option<Profile>,
    /// Another language.
    locale: Option<Locale>,
}

/// Changes a person's address, profile or language
///
/// Needs `subscribers:write`.
#[utoipa::path(
    patch,
    path = "/api/v1/subscribers/{id}",
    operation_id = "update_subscriber",
    tag = "subscribers",
    params(("id" = SubscriberId, Path, description = "The person."), Precondition),
    request_body = Change,
    responses((status = 200, description = "The person as they are now.", body = View), Problem)
)]
pub(super) async fn handler(
    caller: May<SubscribersWrite>,
    State(state): State<WebState>,
    Path(id): Path<SubscriberId>,
    IfMatch(expected): IfMatch,
    Json(change): Json<Change>,
) -> Result<Tagged<View>, Problem> {
    let Change { email, profile, locale } = change;
    let change = subscribers::Change { email, profile, locale };
    let (actor, now) = (caller.actor(), state.now());
    let person = subscribers::update(&state.db, &state.keys, id, expected, change, &actor, now).await?;
    Ok(Tagged::ok(person.version, person.into()))
}
