//! `/api/v1/suppressions`.

mod add;
mod export;
mod import;
mod lift;
mod list;
mod show;

use ::subscribers::suppression::{Filter, LiftError, Reason, Suppression};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, ReturnedMailId, SuppressionId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, add::handler))
        .routes(routes!(export::handler))
        .routes(routes!(import::handler))
        .routes(routes!(lift::handler))
        .routes(routes!(show::handler))
}

/// Which suppressions are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only this brand's own.
    brand: Option<BrandId>,
    /// Only those for this reason.
    reason: Option<Reason>,
    /// Lifted ones too.
    #[serde(default)]
    lifted: bool,
}

impl From<Which> for Filter {
    fn from(Which { brand, reason, lifted }: Which) -> Self {
        Self { brand, reason, lifted }
    }
}

/// An address that may not be mailed. The address itself is not kept, only a keyed hash.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Suppression)]
struct View {
    id: SuppressionId,
    /// For which brand; none for every one.
    brand: Option<BrandId>,
    reason: Reason,
    /// The rule, or what staff said.
    detail: String,
    created_at: DateTime<Utc>,
    #[schema(value_type = String)]
    created_by: Actor,
    /// The message that failed or was complained about, as `MAILING.ORDINAL`: its attempts tell the words.
    delivery: Option<String>,
    /// The returned mail that said so; none where a relay refused the message at once.
    returned_mail: Option<ReturnedMailId>,
    /// How it ended, if it did.
    lifted: Option<Lifted>,
}

/// How a suppression ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Lifted {
    at: DateTime<Utc>,
    #[schema(value_type = Option<String>)]
    by: Option<Actor>,
    why: Option<String>,
}

impl From<Suppression> for View {
    fn from(entry: Suppression) -> Self {
        Self {
            id: entry.id,
            brand: entry.brand,
            reason: entry.reason,
            detail: entry.detail,
            created_at: entry.created_at,
            created_by: entry.created_by,
            delivery: entry.origin.delivery.map(|key| key.to_string()),
            returned_mail: entry.origin.returned_mail,
            lifted: entry.lifted.map(|lifted| Lifted { at: lifted.at, by: lifted.by, why: lifted.why }),
        }
    }
}

impl From<LiftError> for Problem {
    fn from(error: LiftError) -> Self {
        match error {
            LiftError::NotFound(_) => Self::not_found(error),
            LiftError::Unliftable(_) => Self::conflict(error),
            LiftError::Activity(_) | LiftError::Database(_) => Self::ours(&error),
        }
    }
}

#[cfg(test)]
mod tests;
