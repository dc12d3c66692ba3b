use std::collections::HashMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use database::Database;
use domain::{BrandId, SuppressionId};
use futures_util::stream;
use subscribers::suppression::{Filter, export};

use super::Which;
use crate::WebState;
use crate::api::extract::Query;
use crate::api::problem::Problem;
use crate::api::scope::{May, SuppressionsRead};

/// The suppressions as CSV, with the keyed hashes of the addresses
///
/// Needs `suppressions:read`. It is read while it is sent: what is added meanwhile is in it. An installation with the same master keys
/// takes it as it is (`POST /api/v1/suppressions/import`). A text that a spreadsheet would take for a formula has a `'` before it.
#[utoipa::path(
    get,
    path = "/api/v1/suppressions/export",
    operation_id = "export_suppressions",
    tag = "suppressions",
    params(Which),
    responses((status = 200, description = "All of them.", body = String, content_type = "text/csv"), Problem)
)]
pub(super) async fn handler(
    _: May<SuppressionsRead>,
    State(state): State<WebState>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let brands = brands::list(state.db.reader()).await?;
    let list = Arc::new(List {
        db: state.db.clone(),
        filter: which.into(),
        brands: brands.into_iter().map(|brand| (brand.id, brand.slug)).collect(),
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"suppressions.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let body = Body::from_stream(stream::try_unfold(Part::First, move |part| part.next(list.clone())));
    Ok((headers, body).into_response())
}

struct List {
    db: Database,
    filter: Filter,
    brands: HashMap<BrandId, String>,
}

/// What is to be sent next. No more than a page is in memory: the next is read when the client has taken this one.
enum Part {
    /// The names of the columns.
    First,
    /// What stands behind this.
    Behind(Option<SuppressionId>),
}

impl Part {
    async fn next(self, list: Arc<List>) -> Result<Option<(Bytes, Self)>, sea_orm::DbErr> {
        let Self::Behind(after) = self else {
            return Ok(Some((Bytes::from_static(export::HEADER.as_bytes()), Self::Behind(None))));
        };
        let lines = export::lines(list.db.reader(), &list.filter, &list.brands, after).await.inspect_err(|error| {
            let error: &dyn std::error::Error = error;
            tracing::error!(error, "an export of suppressions breaks off");
        })?;
        Ok(lines.map(|lines| (Bytes::from(lines.text), Self::Behind(Some(lines.last)))))
    }
}
