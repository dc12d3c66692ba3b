#![doc = include_str!("../README.md")]

mod accent;
mod api;
mod assets;
mod client;
mod erasure;
mod face;
mod flood;
mod health;
mod language;
mod measure;
mod pages;

mod public;
mod router;
mod samples;
mod security;
mod settings;
mod stamp;
mod state;
mod targets;
#[cfg(test)]
mod testing;
mod webhooks;

pub use api::openapi;
pub use erasure::erase;
pub use pages::{Pages, PagesError};
pub use router::router;
pub use samples::Sample;
pub use security::with_headers;
pub use settings::Settings;
pub use state::{Parts, WebState};
