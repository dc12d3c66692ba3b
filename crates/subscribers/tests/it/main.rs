//! Who may be mailed, on both databases.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

mod access;
mod audience;
mod consent;
mod domain_gone;
mod erasure;
mod failures;
mod forms;
mod imports;
mod opt_in;
mod opt_out;
mod people;
mod provider_look;
mod stage;
mod successes;
mod suppression_lists;
mod suppression_walks;
mod suppressions;
mod tracking;
mod unconfirmed;
