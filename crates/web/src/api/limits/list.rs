use axum::extract::State;

use super::View;
use crate::WebState;
use crate::api::extract::Json;
use crate::api::page::Page;
use crate::api::problem::Problem;
use crate::api::scope::{DeliveriesRead, May};

/// Mailbox providers that have a limit, are held back, or get to know a relay
///
/// Needs `deliveries:read`. Says why a provider is left alone or mailed more slowly, and until when; and how far relays are warmed up there.
#[utoipa::path(
    get,
    path = "/api/v1/limits",
    operation_id = "list_limits",
    tag = "limits",
    responses((status = 200, description = "All of them, by name.", body = Page<View>), Problem)
)]
pub(super) async fn handler(
    _: May<DeliveriesRead>,
    State(state): State<WebState>,
) -> Result<Json<Page<View>>, Problem> {
    let now = state.now();
    let standings =
        ::limits::standings(state.db.reader(), &state.settings.provider_limits, &state.settings.warm_ups, now).await?;
    Ok(Json(Page::whole(standings.into_iter().map(|standing| View::of(standing, now)).collect())))
}
