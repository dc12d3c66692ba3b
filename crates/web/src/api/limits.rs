//! `/api/v1/limits`.

mod lift;
mod list;

use ::limits::{Pace, Pause, Standing};
use chrono::{DateTime, Utc};
use domain::{Actor, MailboxProvider};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list::handler)).routes(routes!(lift::handler))
}

/// A mailbox provider that has a limit or is held back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderLimit)]
struct View {
    provider: MailboxProvider,
    /// The rate of its limit, such as `600/m`; none where it has no limit or one without a rate.
    rate: Option<String>,
    /// While it is left alone.
    pause: Option<Paused>,
    /// While it is mailed more slowly than it might be.
    pace: Option<Slowed>,
}

/// Why a provider is left alone, and until when.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Paused {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    rule: String,
    /// The provider's words, or staff's.
    words: String,
    #[schema(value_type = String)]
    by: Actor,
}

/// Why a provider is mailed more slowly, and how much.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Slowed {
    /// Messages an hour now.
    per_hour: i64,
    /// Messages an hour before it asked for less.
    full_per_hour: i64,
    since: DateTime<Utc>,
    /// When it is as fast as before, if it asks no more.
    until: DateTime<Utc>,
    rule: String,
    words: String,
}

impl View {
    fn of(standing: Standing, now: DateTime<Utc>) -> Self {
        let slowed = |pace: Pace| Slowed {
            per_hour: pace.per_hour(now),
            full_per_hour: pace.whole,
            since: pace.slowed_at,
            until: pace.ends_at(),
            rule: pace.rule,
            words: pace.words,
        };
        Self {
            provider: standing.provider,
            rate: standing.limit.and_then(|limit| limit.rate).map(|rate| rate.to_string()),
            pause: standing.pause.map(Paused::from),
            pace: standing.pace.map(slowed),
        }
    }
}

impl From<Pause> for Paused {
    fn from(pause: Pause) -> Self {
        let Pause { since, until, rule, words, actor: by, .. } = pause;
        Self { since, until, rule, words, by }
    }
}

#[cfg(test)]
mod tests;
