#![doc = include_str!("../README.md")]

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
mod moved;
mod parse;
mod parts;
mod process;
mod release;
mod returned;
mod rfc3464;
mod rfc3834;
mod rfc5965;
mod rules;
mod ses;
mod traces;
pub mod webhook;

pub use answer::{Answer, Named};
pub use effect::Effect;
pub use forget::{forget, forget_known};
pub use kept::{Filter, Kept, Released, Standing, expire, find, list, raw};
pub use parse::parse;
pub use process::{Error, Incoming, Processed, Replayed, Unchanging, forget_reports, process, replay};
pub use release::{ReleaseError, release};
pub use returned::{Kind, Returned};
pub use rfc3464::{Action, DeliveryReport, Recipient};
pub use rfc3834::AutoReply;
pub use rfc5965::{FeedbackReport, FeedbackType};
pub use traces::Traces;
