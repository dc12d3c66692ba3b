//! `/api/v1/campaigns`.

mod act;
mod create;
mod engagement;
mod history;
mod list;
mod preview;
mod report;
mod schedule;
mod show;
mod starters;
mod test_mail;
mod update;

use ::campaigns::{Campaign, CampaignStatus, Draft, Error, PauseReason};
use chrono::{DateTime, Utc};
use domain::{Actor, BrandId, CampaignId, MailingNo, TopicId};
use renderer::Source;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::problem::{FieldProblem, Problem};
use crate::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list::handler, create::handler))
        .routes(routes!(show::handler, update::handler))
        .routes(routes!(schedule::handler))
        .routes(routes!(act::submit))
        .routes(routes!(act::unschedule))
        .routes(routes!(act::pause))
        .routes(routes!(act::resume))
        .routes(routes!(act::cancel))
        .routes(routes!(test_mail::handler))
        .routes(routes!(preview::handler))
        .routes(routes!(report::handler))
        .routes(routes!(engagement::handler))
        .routes(routes!(history::handler))
        .routes(routes!(starters::handler))
}

/// A campaign.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
struct View {
    id: CampaignId,
    #[serde(flatten)]
    fields: Fields,
    status: CampaignStatus,
    /// Why it was paused, if too much of it went wrong; none where a person paused it.
    #[schema(inline)]
    paused_because: Option<PauseReason>,
    /// When it goes, or went, out.
    send_at: Option<DateTime<Utc>>,
    /// Its mailing, from its first test mail or its launch on.
    mailing: Option<MailingNo>,
    launched_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    #[schema(value_type = String)]
    created_by: Actor,
    updated_at: DateTime<Utc>,
    #[schema(value_type = String)]
    updated_by: Actor,
}

/// What an author writes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignFields)]
struct Fields {
    /// Who it is from.
    brand: BrandId,
    /// Whose confirmed subscribers get it.
    topic: TopicId,
    /// What staff call it: 1 to 200 characters.
    name: String,
    /// The subject, with merge fields.
    subject: String,
    /// What mail programs show behind the subject, with merge fields.
    #[serde(default)]
    preheader: String,
    /// The body in MJML, with merge fields.
    mjml: String,
}

impl From<Campaign> for View {
    fn from(campaign: Campaign) -> Self {
        let Draft { brand, topic, name, source } = campaign.draft;
        let Source { subject, preheader, mjml } = source;
        Self {
            id: campaign.id,
            fields: Fields { brand, topic, name, subject, preheader, mjml },
            status: campaign.status,
            paused_because: campaign.paused_because,
            send_at: campaign.send_at,
            mailing: campaign.mailing,
            launched_at: campaign.launched_at,
            finished_at: campaign.finished_at,
            version: campaign.version,
            created_at: campaign.created_at,
            created_by: campaign.created_by,
            updated_at: campaign.updated_at,
            updated_by: campaign.updated_by,
        }
    }
}

impl From<Fields> for Draft {
    fn from(fields: Fields) -> Self {
        let Fields { brand, topic, name, subject, preheader, mjml } = fields;
        Self { brand, topic, name, source: Source { subject, preheader, mjml } }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::not_found(error),
            Error::Conflict { .. } => Self::changed(error),
            Error::State(_) | Error::Gone(_) | Error::Barred(..) => Self::conflict(error),
            Error::UnknownBrand(_) => Self::field("brand", error),
            Error::UnknownTopic { .. } => Self::field("topic", error),
            Error::UnknownSubscriber(_) => Self::field("subscriber", error),
            Error::Name => Self::field("name", error),
            Error::TooFar(_) => Self::field("send_at", error),
            Error::Template(ref fault) => {
                let field = match fault.part {
                    renderer::Part::Subject => "subject",
                    renderer::Part::Preheader => "preheader",
                    renderer::Part::Body => "mjml",
                };
                let detail = fault.to_string();
                Self::fields(&detail, vec![FieldProblem { field: field.to_owned(), detail: detail.clone() }])
            }
            Error::Render(_) => Self::invalid(error),
            Error::Outbox(error) => error.into(),
            Error::Topic(error) => error.into(),
            Error::Subscriber(error) => error.into(),
            Error::Link(_)
            | Error::Brand(_)
            | Error::Accent(_)
            | Error::Site(_)
            | Error::Frozen(..)
            | Error::Activity(_)
            | Error::Alert(_)
            | Error::Lease(_)
            | Error::Database(_) => Self::ours(&error),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
