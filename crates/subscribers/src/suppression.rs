//! Addresses that may not be mailed, by keyed hash: they survive erasure, and no list brings them back.

mod hash;
mod reason;
mod store;

pub(crate) use hash::{AddressHash, AddressHasher, SCHEME};
pub use reason::{Lifter, Reach, Reason, Unliftable};
pub use store::{
    Filter, LiftError, Lifted, Suppression, active_for, active_for_subscriber, add, find, lift, list, rehash,
    unreadable,
};
