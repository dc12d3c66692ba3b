use axum::extract::State;
use domain::SubscriberId;
use feedback::{Filter, Standing};
use serde::Deserialize;
use utoipa::IntoParams;

use super::View;
use crate::WebState;
use crate::api::extract::{Json, Query};
use crate::api::page::{Page, Paging};
use crate::api::problem::Problem;
use crate::api::scope::{FeedbackRead, May};

/// Which returned mails are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Those that this became of.
    standing: Option<Standing>,
    /// Those that are about this person.
    subscriber: Option<SubscriberId>,
    /// Those of this kind, such as `feedback_report`.
    kind: Option<String>,
    /// Those of which the verdict is this class, such as `hard`.
    class: Option<String>,
    /// Those that came by this door, such as `listener`.
    source: Option<String>,
    /// Those that nobody has acknowledged.
    #[serde(default)]
    unseen: bool,
}

/// What came back, the newest first
///
/// Needs `feedback:read`.
#[utoipa::path(
    get,
    path = "/api/v1/feedback",
    operation_id = "list_feedback",
    tag = "feedback",
    params(Paging, Asked),
    responses((status = 200, description = "A page of it.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<FeedbackRead>,
    State(state): State<WebState>,
    Query(paging): Query<Paging>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let Asked { standing, subscriber, kind, class, source, unseen } = asked;
    let filter = Filter { standing, subscriber, kind, class, source, unseen };
    let limit = paging.limit()?;
    let rows = feedback::list(state.db.reader(), filter, paging.after()?, u64::from(limit) + 1).await?;
    Ok(Json(Page::new(rows, limit, |mail| mail.id, View::from)))
}
