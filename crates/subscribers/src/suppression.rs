//! Addresses that may not be mailed, by keyed hash: they survive erasure, and no list brings them back.

pub mod export;
mod hash;
pub mod import;
mod origin;
mod people;
mod reason;
mod release;
mod store;

pub(crate) use hash::{AddressHash, AddressHasher, SCHEME};
pub use origin::Origin;
pub(crate) use people::{hashes_of, put_hashes, put_hashes_of_all};
pub use people::{rehash, unreadable};
pub use reason::{Lifter, Reach, Reason, Unliftable};
pub use release::{LiftError, lift, lift_by_report};
pub(crate) use store::{Entry, forget, lift_by_opt_in, oldest_by_hash, put};
pub use store::{Filter, Lifted, New, Suppression, Told, active_for, active_for_subscriber, add, find, list};
