//! DKIM keys: made here, sealed under the master key, printed as the record that has to be published.
//!
//! Every key that is not retired signs. So a rotation has no gap: make a new key, publish its record, wait until the DNS has
//! it everywhere, retire the old one, and leave its record in place for a week, because mail that it signed is still under
//! way. A signature whose record is not published yet counts as none (RFC 6376 §6.1) and does no harm beside one that is.

mod algorithm;
mod record;
mod store;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use record::{KeyInfo, SigningKey};
pub use store::{KeyError, active, create, list, reseal, retire};
