use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use campaigns::ledger::{self, Line};
use database::Database;
use domain::{CampaignId, MailingNo, Ordinal};
use futures_util::stream;

use super::list::Asked;
use crate::WebState;
use crate::api::extract::{Path, Query};
use crate::api::problem::Problem;
use crate::api::scope::{DeliveriesRead, May, SubscribersRead};

/// A campaign's deliveries as CSV, with the addresses
///
/// Needs `deliveries:read` and `subscribers:read`. It is read while it is sent: each delivery stands in it as it was at that moment, and
/// one that changes meanwhile is not in it twice, and left out only if it leaves the state that is asked for. A text that a
/// spreadsheet would take for a formula has a `'` before it.
#[utoipa::path(
    get,
    path = "/api/v1/campaigns/{id}/deliveries/export",
    operation_id = "export_deliveries",
    tag = "deliveries",
    params(("id" = CampaignId, Path, description = "The campaign."), Asked),
    responses((status = 200, description = "All of them.", body = String, content_type = "text/csv"), Problem)
)]
pub(super) async fn handler(
    _: May<DeliveriesRead>,
    _: May<SubscribersRead>,
    State(state): State<WebState>,
    Path(id): Path<CampaignId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let campaign = campaigns::find(state.db.reader(), id).await?.ok_or(campaigns::Error::NotFound(id))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"deliveries-{id}.csv\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let body = match campaign.mailing {
        Some(mailing) => Body::from_stream(stream::try_unfold(Part::First, move |part| {
            part.after(state.db.clone(), mailing, asked.state)
        })),
        None => Body::from(ledger::HEADER),
    };
    Ok((headers, body).into_response())
}

/// What is to be sent next. No more than a page is in memory: the next is read when the client has taken this one.
enum Part {
    /// The names of the columns.
    First,
    /// What stands behind this.
    Behind(Option<Ordinal>),
}

impl Part {
    async fn after(
        self,
        db: Database,
        mailing: MailingNo,
        state: Option<outbox::State>,
    ) -> Result<Option<(Bytes, Self)>, campaigns::Error> {
        let Self::Behind(after) = self else {
            return Ok(Some((Bytes::from_static(ledger::HEADER.as_bytes()), Self::Behind(None))));
        };
        let lines = ledger::lines(db.reader(), mailing, state, after).await.inspect_err(|error| {
            let error: &dyn std::error::Error = error;
            tracing::error!(error, mailing.no = %mailing, "an export of deliveries breaks off");
        })?;
        let last = lines.last().map(|line| line.entry.delivery.key.ordinal);
        let text: String = lines.iter().map(Line::csv).collect();
        Ok(last.map(|last| (Bytes::from(text), Self::Behind(Some(last)))))
    }
}
