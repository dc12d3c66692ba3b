#![doc = include_str!("../README.md")]

mod acknowledge;
mod answer;
mod effect;
mod entity;
mod envelope;
mod fields;
mod forget;
mod freeform;
mod identify;
pub mod imap;
mod kept;
pub mod listener;
mod loops;
pub mod maildir;
pub mod mbox;
mod moved;
mod parse;
mod parts;
mod process;
mod release;
mod returned;
mod rfc3464;
mod rfc3834;
mod rfc5965;
mod rfc8098;
mod rules;
mod ses;
mod stored;
mod traces;
pub mod tracking;
pub mod webhook;

pub use acknowledge::{AcknowledgeError, acknowledge};
pub use answer::{Answer, Named};
pub use effect::Effect;
pub use forget::{forget, forget_known};
pub use kept::{Filter, Kept, Released, Standing, expire, find, list, raw};
pub use parse::parse;
pub use process::{
    Error, Incoming, LookedAt, Processed, Replayed, Unchanging, forget_reports, look_at_signatures, process, replay,
    settle_signatures,
};
pub use release::{Release, ReleaseError, release};
pub use returned::{Kind, Returned};
pub use rfc3464::{Action, DeliveryReport, Recipient};
pub use rfc3834::AutoReply;
pub use rfc5965::{FeedbackReport, FeedbackType};
pub use rfc8098::Receipt;
pub use stored::{Stored, has_token, process_stored};
pub use traces::Traces;
