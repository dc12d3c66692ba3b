use axum::extract::State;
use domain::EmailAddress;
use serde::Deserialize;
use subscribers::suppression;
use utoipa::IntoParams;

use super::{View, Which};
use crate::WebState;
use crate::api::extract::{Json, Query};
use crate::api::page::{Page, Paging};
use crate::api::problem::Problem;
use crate::api::scope::{May, SuppressionsRead};

/// Whose suppressions are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// What stands against this address now; the other filters then do not count.
    #[param(value_type = Option<String>, format = "email")]
    email: Option<EmailAddress>,
}

/// Suppressions, by age
///
/// Needs `suppressions:read`.
#[utoipa::path(
    get,
    path = "/api/v1/suppressions",
    operation_id = "list_suppressions",
    tag = "suppressions",
    params(Paging, Which, Asked),
    responses((status = 200, description = "A page of them.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<SuppressionsRead>,
    State(state): State<WebState>,
    Query(paging): Query<Paging>,
    Query(which): Query<Which>,
    Query(asked): Query<Asked>,
) -> Result<Json<Page<View>>, Problem> {
    let conn = state.db.reader();
    if let Some(email) = &asked.email {
        let standing = suppression::active_for(conn, &state.keys, email).await?;
        return Ok(Json(Page::whole(standing.into_iter().map(View::from).collect())));
    }
    let limit = paging.limit()?;
    let rows = suppression::list(conn, &which.into(), paging.after()?, u64::from(limit) + 1).await?;
    Ok(Json(Page::new(rows, limit, |entry| entry.id, View::from)))
}
