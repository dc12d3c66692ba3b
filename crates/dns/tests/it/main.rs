//! Look-ups against a small name server on loopback.

#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

mod mail_hosts;
mod sending_domain;

use std::net::SocketAddr;
use std::time::Duration;

use dns::{Resolver, Settings};

/// A resolver that asks the server at `address` and nobody else.
fn resolver(address: SocketAddr) -> Resolver {
    Resolver::new(&Settings { nameserver: Some(address), timeout: Duration::from_millis(500) }).unwrap()
}
