//! The pages that anybody may open: rendered here, without JavaScript and without cookies.

pub(crate) mod access;
pub(crate) mod confirm;
mod counted;
mod door;
mod failure;
pub(crate) mod field;
pub(crate) mod form;
pub(crate) mod inbox;
pub(crate) mod message;
mod one_click;
mod posted;
pub(crate) mod preferences;
pub(crate) mod unsubscribe;
mod view;

use axum::Router;

pub(crate) use failure::{Failure, render_failures};

use crate::WebState;

/// Every public page.
pub(crate) fn routes() -> Router<WebState> {
    Router::new()
        .merge(form::routes())
        .merge(confirm::routes())
        .merge(preferences::routes())
        .merge(access::routes())
        .merge(unsubscribe::routes())
        .merge(view::routes())
        .merge(counted::routes())
}
