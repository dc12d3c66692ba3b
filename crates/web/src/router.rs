use axum::{Router, middleware};

use crate::public::{self, render_failures};
use crate::{WebState, assets, client, health, security};

/// Every page and every operation of the API.
///
/// Serve it with the peers' addresses (`into_make_service_with_connect_info::<SocketAddr>`): evidence of consent and the
/// guard against floods are by address.
pub fn router(state: WebState) -> Router {
    let public = Router::new()
        .merge(assets::routes())
        .merge(public::routes())
        .layer(middleware::from_fn_with_state(state.clone(), render_failures));
    Router::new()
        .merge(public)
        .merge(health::routes())
        .layer(middleware::from_fn_with_state(state.clone(), client::identify))
        .layer(middleware::from_fn_with_state(state.clone(), security::headers))
        .with_state(state)
}
