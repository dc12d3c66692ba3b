//! The pages that anybody may open: rendered here, without JavaScript and without cookies.

pub(crate) mod access;
pub(crate) mod confirm;
mod failure;
pub(crate) mod field;
pub(crate) mod form;
pub(crate) mod inbox;
pub(crate) mod message;
mod one_click;
pub(crate) mod preferences;
pub(crate) mod unsubscribe;

pub(crate) use failure::{Failure, render_failures};
