//! `/api/v1/limits`.

mod lift;
mod list;

use ::limits::{Frozen, Pace, Pause, Standing, Warming};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{Actor, MailboxProvider};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list::handler)).routes(routes!(lift::handler))
}

/// A mailbox provider that has a limit, is held back, or gets to know a relay.
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
    /// The relays that are being warmed up at it.
    warm_ups: Vec<Warmed>,
}

/// How far a relay is warmed up at a provider: so many messages of campaigns may go by it today.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = WarmUp)]
struct Warmed {
    relay: String,
    since: DateTime<Utc>,
    /// The day of the schedule, from 1 on.
    day: u32,
    /// How many may go today (UTC), and how many have gone.
    amount: u32,
    used: u32,
    /// Today or yesterday, if that day does not count, so that the one after has no more.
    frozen: Option<NotCounted>,
}

/// A day that does not count, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct NotCounted {
    on: NaiveDate,
    rule: String,
    words: String,
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
            warm_ups: standing.warm_ups.into_iter().map(Warmed::from).collect(),
        }
    }
}

impl From<Warming> for Warmed {
    fn from(warming: Warming) -> Self {
        let Warming { relay, begun_at: since, day, amount, used, frozen, .. } = warming;
        let frozen = frozen.map(|Frozen { on, rule, words }| NotCounted { on, rule, words });
        Self { relay, since, day, amount, used, frozen }
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
