use axum::extract::State;
use domain::FormId;
use subscribers::form;

use super::VersionView;
use crate::WebState;
use crate::api::extract::{Json, Path};
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{FormsRead, May};

/// Every version of a form, oldest first
///
/// Needs `forms:read`.
#[utoipa::path(
    get,
    path = "/api/v1/forms/{id}/versions",
    operation_id = "list_form_versions",
    tag = "forms",
    params(("id" = FormId, Path, description = "The form.")),
    responses((status = 200, description = "All of them.", body = Page<VersionView>), Problem)
)]
pub(super) async fn handler(
    _: May<FormsRead>,
    State(state): State<WebState>,
    Path(id): Path<FormId>,
) -> Result<Json<Page<VersionView>>, Problem> {
    let conn = state.db.reader();
    form::find(conn, id).await?.ok_or(form::Error::NotFound(id))?;
    let versions = form::versions(conn, id).await?;
    Ok(Json(Page::whole(versions.into_iter().map(VersionView::from).collect())))
}
