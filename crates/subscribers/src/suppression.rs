//! Addresses that may not be mailed, by keyed hash: they survive erasure, and no list brings them back.

mod hash;
mod people;
mod reason;
mod store;

pub(crate) use hash::{AddressHash, AddressHasher, SCHEME};
pub(crate) use people::{hashes_of, put_hashes};
pub use people::{rehash, unreadable};
pub use reason::{Lifter, Reach, Reason, Unliftable};
pub(crate) use store::{Entry, active_by_hash, forget, lift_by_opt_in, put};
pub use store::{
    Filter, LiftError, Lifted, New, Suppression, Told, active_for, active_for_subscriber, add, find, lift, list,
};
