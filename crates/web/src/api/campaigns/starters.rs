use domain::Locale;
use renderer::{Source, Starter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::extract::{Json, Query};
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// A campaign to begin with instead of an empty page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Starter)]
pub(super) struct View {
    slug: String,
    /// What a list of starters calls it, in its own language.
    name: String,
    /// The language that it is written in.
    locale: Locale,
    /// The slug of the topic that it is written for.
    topic: String,
    /// The subject, with merge fields.
    subject: String,
    /// What mail programs show behind the subject, with merge fields.
    preheader: String,
    /// The body in MJML, with merge fields.
    mjml: String,
}

/// Which starters are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The language to write in, best the `locale` of the brand; English without it.
    #[serde(default)]
    locale: Locale,
}

/// Campaigns to begin with
///
/// Needs `campaigns:read`. `subject`, `preheader` and `mjml` are what a new campaign takes.
#[utoipa::path(
    get,
    path = "/api/v1/starters",
    operation_id = "list_starters",
    tag = "campaigns",
    params(Asked),
    responses((status = 200, description = "All of them in that language.", body = Page<View>), Problem)
)]
pub(super) async fn handler(_: May<CampaignsRead>, Query(asked): Query<Asked>) -> Json<Page<View>> {
    Json(Page::whole(renderer::starters(asked.locale).iter().map(View::from).collect()))
}

impl From<&Starter> for View {
    fn from(starter: &Starter) -> Self {
        let Source { subject, preheader, mjml } = starter.source();
        Self {
            slug: starter.slug.to_owned(),
            name: starter.name.to_owned(),
            locale: starter.locale,
            topic: starter.topic.to_owned(),
            subject,
            preheader,
            mjml,
        }
    }
}
