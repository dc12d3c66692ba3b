//! The queue on both databases.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

mod answers;
mod claims;
mod decisions;
mod erasure;
mod lists;
mod locks;
mod presumed;
mod random;
mod recent;
mod retries;
mod rounds;
mod stage;
mod streams;
