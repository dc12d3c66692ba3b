//! The ledger of consent: append-only, chained, and provable after a person is erased.

mod act;
mod check;
mod forget;
mod key;
mod leaf;
mod proof;
mod record;
mod seal;
mod show;
mod verify;

pub use act::Act;
pub(crate) use forget::forget;
pub use leaf::{Digest, InvalidDigest};
pub use proof::Proof;
pub use record::RecordError;
pub(crate) use record::{Entry, record, record_all};
pub use seal::{Anchor, InvalidAnchor, SealError, anchor, seal};
pub(crate) use show::entries;
pub use show::{Shown, show};
pub use verify::{Problem, Verified, VerifyError, verify};
