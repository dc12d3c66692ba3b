//! What comes back, on both databases and over real sockets.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

mod client;
mod cloud;
mod forget;
mod listener;
mod lmtp;
mod mailbox;
mod maildir;
mod people;
mod process;
mod release;
mod services;
mod signed;
mod topics;
mod tracking;
mod webhooks;
mod world;
