//! Look-ups against a small name server on loopback.

#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

mod mail_hosts;
mod sending_domain;
mod server;
