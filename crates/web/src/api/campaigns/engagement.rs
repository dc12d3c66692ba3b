use axum::extract::State;
use campaigns::Error;
use domain::CampaignId;
use feedback::tracking::{self, Count};
use serde::Serialize;
use utoipa::ToSchema;

use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::problem::Problem;
use crate::api::scope::{CampaignsRead, May};

/// How a campaign was read by those who agreed to be counted. Nothing is known of the others.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CampaignEngagement)]
pub(super) struct View {
    campaign: CampaignId,
    /// Mails opened.
    openings: Numbers,
    /// Links followed; its people are those who followed any.
    clicks: Numbers,
    /// Link by link, in the order of the document.
    links: Vec<Link>,
}

/// The human figures beside those of machines.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EngagementNumbers)]
struct Numbers {
    /// People who did it, each counted once.
    people: i64,
    /// How often people did it.
    human: i64,
    /// How often a machine did it in their name: a scanner, a proxy that fetches ahead.
    machine: i64,
    /// How often it was done by nobody in particular, where the brand counts that.
    anonymous: i64,
    /// How often a machine did that.
    anonymous_machine: i64,
}

/// One link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EngagementLink)]
struct Link {
    /// Its number in the campaign's document.
    number: u16,
    /// Where it leads.
    #[schema(format = "uri")]
    url: String,
    #[serde(flatten)]
    numbers: Numbers,
}

impl From<Count> for Numbers {
    fn from(count: Count) -> Self {
        let Count { people, human, machine, anonymous, anonymous_machine } = count;
        Self { people, human, machine, anonymous, anonymous_machine }
    }
}

/// How a campaign was read
///
/// Needs `campaigns:read`. Openings and clicks are counted for people who agreed to that, and clicks without names where the brand says
/// so; what looks like a machine's stands beside. A hit is judged some ten seconds after it came.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns/{id}/engagement",
    operation_id = "show_engagement",
    tag = "campaigns",
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The numbers as they are now.", body = View), Problem)
)]
pub(super) async fn handler(
    _: May<CampaignsRead>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
) -> Result<Json<View>, Problem> {
    let conn = state.db.reader();
    let campaign = campaigns::find(conn, id).await?.ok_or(Error::NotFound(id))?;
    let (mut counted, mut targets) = (tracking::Counted::default(), None);
    if let Some(mailing) = campaign.mailing {
        counted = tracking::counts(conn, mailing).await?;
        targets = campaigns::targets(conn, mailing).await?;
    }
    let link = |(number, url): (u16, String)| {
        let numbers = counted.links.get(&number).copied().unwrap_or_default().into();
        Link { number, url, numbers }
    };
    let links = targets.map(|targets| targets.links).unwrap_or_default();
    Ok(Json(View {
        campaign: id,
        openings: counted.openings.into(),
        clicks: counted.clicks.into(),
        links: (0..).zip(links).map(link).collect(),
    }))
}
