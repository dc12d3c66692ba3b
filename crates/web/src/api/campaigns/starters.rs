use renderer::{Source, Starter};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::Json;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// A campaign to begin with instead of an empty page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Starter)]
pub(super) struct View {
    slug: String,
    /// What a list of starters calls it, in English.
    name: String,
    /// The slug of the topic that it is written for.
    topic: String,
    /// The subject, with merge fields.
    subject: String,
    /// What mail programs show behind the subject, with merge fields.
    preheader: String,
    /// The body in MJML, with merge fields.
    mjml: String,
}

/// Campaigns to begin with
///
/// Needs `campaigns:read`. `subject`, `preheader` and `mjml` are what a new campaign takes.
#[utoipa::path(
    get,
    path = "/api/v1/starters",
    operation_id = "list_starters",
    tag = "campaigns",
    responses((status = 200, description = "All of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(_: May<CampaignsRead>) -> Json<Page<View>> {
    Json(Page::whole(renderer::starters().iter().map(View::from).collect()))
}

impl From<&Starter> for View {
    fn from(starter: &Starter) -> Self {
        let Source { subject, preheader, mjml } = starter.source();
        Self {
            slug: starter.slug.to_owned(),
            name: starter.name.to_owned(),
            topic: starter.topic.to_owned(),
            subject,
            preheader,
            mjml,
        }
    }
}
