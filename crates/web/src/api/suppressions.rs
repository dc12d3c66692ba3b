//! `/api/v1/suppressions`.

mod add;
mod lift;
mod list;

use ::subscribers::suppression::{LiftError, Reason, Suppression};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, SuppressionId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list::handler, add::handler)).routes(routes!(lift::handler))
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
            lifted: entry.lifted.map(|lifted| Lifted { at: lifted.at, by: lifted.by, why: lifted.why }),
        }
    }
}

impl From<LiftError> for Problem {
    fn from(error: LiftError) -> Self {
        match error {
            LiftError::NotFound(_) => Self::not_found(error),
            LiftError::Unliftable(_) => Self::conflict(error),
            LiftError::Database(_) => Self::ours(&error),
        }
    }
}

#[cfg(test)]
mod tests;
