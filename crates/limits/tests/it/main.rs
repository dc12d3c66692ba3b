//! Limits on both databases, by a clock that stands still until it is moved.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

mod fleet;
mod paces;
mod pauses;
mod permits;
mod published;
mod quotas;
mod slots;
mod warm_ups;
