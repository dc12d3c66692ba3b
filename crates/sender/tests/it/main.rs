//! A sender between a real database of either kind and a real mail server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ahead;
mod answers;
mod commits;
mod faults;
mod folder;
mod house;
mod kinds;
mod limits;
mod recovery;
mod redirect;
mod relays;
mod senders;
mod service;
mod slow;
mod stopping;
mod turns;
mod wire;
