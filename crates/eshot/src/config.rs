//! The configuration: an embedded default, a file over it, variables over both; checked whole before anything starts.

mod layer;
mod load;
mod problem;
mod several;
mod span;
mod types;
mod validate;
mod webhooks;

pub use load::{Loaded, Sources, load};
pub use problem::{InvalidConfig, Problem};
pub use span::Span;
pub use types::{
    Config, Database, Dns, Events, Feedback, Http, Keys, Limits, Log, LogFormat, Mailbox, Relay, RelayAuth, RelayTls,
    Retention, Role, Scheduler, Sender, Serve, Webhook,
};
pub use validate::BaseUrl;
pub(crate) use validate::unknown_provider;

#[cfg(test)]
mod tests;
