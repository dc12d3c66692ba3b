//! What mail services tell over HTTP: bounces, complaints, unsubscribes and delays, each event proved before it is read.
//!
//! A [`Hook`] is one address that a service posts to: whose it is, and the secret that proves it. A [`Posted`] request is proved
//! (`proof`), cut into its events (one file for each service), and each event is looked up in a table (`meaning`) and goes the way that a returned
//! mail goes, in a transaction of its own.

mod basic;
mod brevo;
mod event;
mod hook;
mod mailersend;
mod mailgun;
mod mailjet;
mod meaning;
mod posted;
mod postmark;
mod proof;
mod provider;
mod receive;
mod resend;
mod scaleway;
mod sendgrid;
mod ses;
mod signed;
mod sns;
mod sparkpost;
pub(crate) mod tokens;
mod values;

pub(crate) use event::Event;
pub use hook::{Hook, InvalidHook, Settings};
pub(crate) use meaning::{Meaning, Own};
pub use posted::Posted;
pub(crate) use proof::Once;
pub use proof::Unproven;
pub use provider::{Provider, UnknownProvider};
pub use receive::{Receiver, TakeError, Taken};
pub(crate) use receive::{Told, reread};
pub use sns::{FetchError, Fetcher, InvalidTopic, Topic};
pub use tokens::forget_tokens;
