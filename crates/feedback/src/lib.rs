#![doc = include_str!("../README.md")]

mod fields;
mod parse;
mod parts;
mod returned;
mod rfc3464;
mod rfc3834;
mod rfc5965;
mod traces;

pub use parse::parse;
pub use returned::{Kind, Returned};
pub use rfc3464::{Action, DeliveryReport, Recipient};
pub use rfc3834::AutoReply;
pub use rfc5965::{FeedbackReport, FeedbackType};
pub use traces::Traces;
