use axum::extract::State;
use domain::{EmailAddress, TopicId};
use serde::Deserialize;
use subscribers::{Filter, subscription};
use utoipa::IntoParams;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Query};
use crate::api::page::{Page, Paging};
use crate::api::problem::Problem;
use crate::api::scope::{May, SubscribersRead};

/// Who is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Those who stand to this topic in any state, or in `state`.
    topic: Option<TopicId>,
    /// How they stand to `topic`.
    state: Option<subscription::State>,
    /// The person with exactly this address; the other filters then do not count.
    #[param(value_type = Option<String>, format = "email")]
    email: Option<EmailAddress>,
    /// Those whose address begins so.
    email_prefix: Option<String>,
}

/// People on file, by the time that they came
///
/// Needs `subscribers:read`.
#[utoipa::path(
    get,
    path = "/api/v1/subscribers",
    operation_id = "list_subscribers",
    tag = "subscribers",
    params(Paging, Asked),
    responses((status = 200, description = "A page of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<SubscribersRead>,
    State(state): State<WebState>,
    Query(paging): Query<Paging>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let conn = state.db.reader();
    if let Some(email) = &asked.email {
        let found = subscribers::find_by_email(conn, email).await?;
        return Ok(Json(Page::whole(found.into_iter().map(View::from).collect())));
    }
    if asked.state.is_some() && asked.topic.is_none() {
        return Err(Problem::bad_request("state is a state of a subscription to a topic; name the topic too"));
    }
    let filter = Filter { topic: asked.topic.map(|topic| (topic, asked.state)), email_prefix: asked.email_prefix };
    let limit = paging.limit()?;
    let rows = subscribers::list(conn, &filter, paging.after()?, u64::from(limit) + 1).await?;
    Ok(Json(Page::new(rows, limit, |person| person.id, View::from)))
}
