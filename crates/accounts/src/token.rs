//! API tokens: `eshot_` and 43 letters of 256 random bits. Whoever has one acts as that token, within its scopes.

mod caller;
mod secret;
mod store;

pub use caller::{Caller, Forbidden};
pub use store::{ApiToken, Error, Refused, authenticate, create, find, list, revoke};
