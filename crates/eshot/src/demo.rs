//! The whole thing on one machine, with a relay that keeps the mail instead of sending it on.

mod inbox;
mod mailbox;
mod report;

pub use inbox::inbox;
pub use mailbox::{Mailbox, Received};
pub use report::delivery_report;
