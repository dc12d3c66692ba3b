//! `/api/v1/alerts`.

mod acknowledge;
mod list;

use ::alerts::{Alarm, Alert, Error, Subject};
use chrono::{DateTime, Utc};
use domain::{Actor, AlertId, BrandId, CampaignId, MailboxProvider};
use limits::{Cause, Level, Share};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::Problem;
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list::handler)).routes(routes!(acknowledge::handler))
}

/// Something that staff has to know: about a campaign of a brand, or about a mailbox provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct View {
    id: AlertId,
    #[schema(inline)]
    cause: Cause,
    #[schema(inline)]
    level: Level,
    brand: Option<BrandId>,
    campaign: Option<CampaignId>,
    provider: Option<MailboxProvider>,
    /// The figures when it was noticed, where they were counted.
    #[schema(inline)]
    share: Option<Share>,
    /// A provider's own words.
    words: String,
    since: DateTime<Utc>,
    /// When it was over.
    ended_at: Option<DateTime<Utc>>,
    acknowledged_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<String>)]
    acknowledged_by: Option<Actor>,
}

impl From<Alert> for View {
    fn from(alert: Alert) -> Self {
        let Alarm { subject, cause, level, share, words } = alert.alarm;
        let (brand, campaign, provider) = match subject {
            Subject::Campaign { brand, campaign } => (Some(brand), Some(campaign), None),
            Subject::Provider(provider) => (None, None, Some(provider)),
        };
        Self {
            id: alert.id,
            cause,
            level,
            brand,
            campaign,
            provider,
            share,
            words,
            since: alert.since,
            ended_at: alert.ended_at,
            acknowledged_at: alert.acknowledged_at,
            acknowledged_by: alert.acknowledged_by,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found(error),
            Error::Row(_) | Error::Brand(_) | Error::Activity(_) | Error::Outbox(_) | Error::Database(_) => {
                Self::ours(&error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
