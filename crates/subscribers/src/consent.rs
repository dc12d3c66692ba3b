//! The ledger of consent: append-only, chained, and provable after a person is erased.

mod act;
mod leaf;
mod proof;
mod record;
mod seal;
mod show;
mod verify;

pub use act::Act;
pub use leaf::{Digest, InvalidDigest};
pub use proof::Proof;
pub use record::RecordError;
pub(crate) use record::{Entry, record, record_erasure};
pub use seal::{Anchor, InvalidAnchor, SealError, anchor, seal};
pub use show::{Shown, show};
pub use verify::{Problem, Verified, verify};
