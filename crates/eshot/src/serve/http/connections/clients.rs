use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Network;

/// Who has how many connections. A client is an IPv4 address, or a /64 of IPv6 ([`Network::of`]).
#[derive(Debug)]
pub(super) struct Clients {
    inside: Inside,
    most: NonZeroUsize,
    proxies: Vec<Network>,
}

type Inside = Arc<Mutex<HashMap<Network, Connections>>>;

/// Those of one client.
#[derive(Debug, Default)]
struct Connections {
    open: usize,
    /// The log has heard that the client wants more than it may have.
    told: bool,
}

/// A connection that is open, until this is dropped.
#[derive(Debug)]
pub(super) struct Admitted {
    inside: Inside,
    /// None for a proxy: it speaks for many, and is not counted.
    client: Option<Network>,
}

impl Clients {
    pub(super) fn new(most: NonZeroUsize, proxies: Vec<Network>) -> Self {
        Self { inside: Arc::default(), most, proxies }
    }

    /// Counts one more connection from an address, or none if its client has as many as it may.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Admitted> {
        if self.proxies.iter().any(|proxy| proxy.contains(address)) {
            return Some(Admitted { inside: Arc::clone(&self.inside), client: None });
        }
        let client = Network::of(address);
        let mut inside = lock(&self.inside);
        let theirs = inside.entry(client).or_default();
        if theirs.open >= self.most.get() {
            metrics::counter!("eshot_http_connections_refused_total").increment(1);
            // Told again only after the client was gone altogether.
            if !std::mem::replace(&mut theirs.told, true) {
                tracing::warn!(
                    %client,
                    connections = self.most,
                    "{client} has all {} connections that one client may have (http.connections_per_client); a proxy \
                     belongs in http.trusted_proxies",
                    self.most
                );
            }
            return None;
        }
        theirs.open += 1;
        Some(Admitted { inside: Arc::clone(&self.inside), client: Some(client) })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let Some(client) = self.client else { return };
        let mut inside = lock(&self.inside);
        if let Some(theirs) = inside.get_mut(&client) {
            theirs.open -= 1;
            if theirs.open == 0 {
                inside.remove(&client);
            }
        }
    }
}

fn lock(inside: &Inside) -> MutexGuard<'_, HashMap<Network, Connections>> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_has_room_again_once_one_of_its_connections_ends() {
        let clients = Clients::new(NonZeroUsize::new(2).unwrap(), Vec::new());
        let first = clients.admit(ip("192.0.2.1")).unwrap();
        let second = clients.admit(ip("::ffff:192.0.2.1")).unwrap();
        assert!(clients.admit(ip("192.0.2.1")).is_none());
        assert!(clients.admit(ip("192.0.2.2")).is_some());
        drop(first);
        let third = clients.admit(ip("192.0.2.1")).unwrap();
        assert!(clients.admit(ip("192.0.2.1")).is_none());
        drop((second, third));
        assert!(lock(&clients.inside).is_empty(), "who is gone is forgotten");
    }

    #[test]
    fn a_line_of_ipv6_is_one_client() {
        let clients = Clients::new(NonZeroUsize::MIN, Vec::new());
        let _first = clients.admit(ip("2001:db8::1")).unwrap();
        assert!(clients.admit(ip("2001:db8::ffff")).is_none());
        assert!(clients.admit(ip("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn a_proxy_speaks_for_many() {
        let clients = Clients::new(NonZeroUsize::MIN, vec!["10.0.0.0/8".parse().unwrap()]);
        let _connections: Vec<Admitted> = (0..9).map(|_| clients.admit(ip("10.0.0.1")).unwrap()).collect();
        let _client = clients.admit(ip("192.0.2.1")).unwrap();
        assert!(clients.admit(ip("192.0.2.1")).is_none());
    }
}
