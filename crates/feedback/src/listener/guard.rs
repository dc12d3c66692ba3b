use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use domain::Network;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::Settings;

/// Clients that are remembered before those that came long ago are forgotten.
const CLIENTS: usize = 10_000;

/// Who may come in: so many at once, so many of one client, so often.
#[derive(Debug)]
pub(super) struct Guard {
    inside: Arc<Mutex<Inside>>,
    rate: DefaultKeyedRateLimiter<Network>,
    most: usize,
    most_per_client: usize,
}

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    clients: HashMap<Network, usize>,
}

/// A place inside; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    inside: Arc<Mutex<Inside>>,
    client: Network,
}

impl Guard {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            inside: Arc::default(),
            rate: RateLimiter::keyed(Quota::per_minute(settings.connections_per_minute)),
            most: settings.connections,
            most_per_client: settings.connections_per_client,
        }
    }

    /// A place for a client, or the reason why there is none.
    pub(super) fn admit(&self, address: IpAddr) -> Result<Place, &'static str> {
        let client = Network::of(address);
        if self.rate.len() > CLIENTS {
            self.rate.retain_recent();
        }
        self.rate.check_key(&client).map_err(|_| "too many connections in a short time")?;
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.all >= self.most {
            return Err("too many connections");
        }
        let theirs = inside.clients.entry(client).or_default();
        if *theirs >= self.most_per_client {
            return Err("too many connections from you");
        }
        *theirs += 1;
        inside.all += 1;
        Ok(Place { inside: Arc::clone(&self.inside), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        inside.all = inside.all.saturating_sub(1);
        if let Some(theirs) = inside.clients.get_mut(&self.client) {
            *theirs -= 1;
            if *theirs == 0 {
                inside.clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(connections: usize, per_client: usize, per_minute: u32) -> Guard {
        let mut settings = Settings::new("mx.example.com");
        settings.connections = connections;
        settings.connections_per_client = per_client;
        settings.connections_per_minute = per_minute.try_into().unwrap();
        Guard::new(&settings)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_once_its_client_left() {
        let guard = guard(2, 1, 100);
        let first = guard.admit(ip("192.0.2.1")).unwrap();
        assert_eq!(guard.admit(ip("192.0.2.1")).unwrap_err(), "too many connections from you");
        let _second = guard.admit(ip("192.0.2.2")).unwrap();
        assert_eq!(guard.admit(ip("192.0.2.3")).unwrap_err(), "too many connections");
        drop(first);
        guard.admit(ip("192.0.2.1")).unwrap();
    }

    #[test]
    fn a_whole_network_of_ipv6_is_one_client() {
        let guard = guard(9, 1, 100);
        let _first = guard.admit(ip("2001:db8::1")).unwrap();
        assert!(guard.admit(ip("2001:db8::ffff")).is_err());
        assert!(guard.admit(ip("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn who_comes_too_often_waits() {
        let guard = guard(9, 9, 2);
        let come = || guard.admit(ip("192.0.2.1")).is_ok();
        assert_eq!([come(), come(), come()], [true, true, false]);
        assert!(guard.admit(ip("192.0.2.2")).is_ok());
    }
}
