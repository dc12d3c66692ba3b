use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Network;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::time::Instant;

use super::Settings;

/// Clients that are remembered before those that came long ago are forgotten.
const CLIENTS: usize = 10_000;

/// No answer takes longer, for whoever waits holds a connection.
const SLOWEST: Duration = Duration::from_secs(30);

/// After so long a guess is forgotten.
const GUESSED: Duration = Duration::from_secs(600);

/// Who may come in: so many at once, so many of one client, so often. And who guesses addresses.
#[derive(Debug)]
pub(super) struct Guard {
    inside: Arc<Mutex<Inside>>,
    rate: DefaultKeyedRateLimiter<Network>,
    most: usize,
    most_per_client: usize,
    tarpit: Duration,
    guessers: Mutex<HashMap<Network, Guesses>>,
}

/// How often a client has guessed, and when last.
#[derive(Copy, Clone, Debug)]
struct Guesses {
    count: u32,
    at: Instant,
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
            tarpit: settings.tarpit,
            guessers: Mutex::default(),
        }
    }

    /// How long a client waits for the answer who has asked for an address that is not ours: twice as long each time.
    pub(super) fn guessed(&self, address: IpAddr) -> Duration {
        let (client, now) = (Network::of(address), Instant::now());
        let mut guessers = self.guessers.lock().unwrap_or_else(PoisonError::into_inner);
        if guessers.len() >= CLIENTS {
            guessers.retain(|_, guesses| now.duration_since(guesses.at) < GUESSED);
        }
        if guessers.len() >= CLIENTS && !guessers.contains_key(&client) {
            // More guessers than can be told apart: each is as good as the worst.
            return self.tarpit.saturating_mul(u32::MAX).min(SLOWEST);
        }
        let guesses = guessers.entry(client).or_insert(Guesses { count: 0, at: now });
        if now.duration_since(guesses.at) >= GUESSED {
            guesses.count = 0;
        }
        let delay = self.tarpit.saturating_mul(2_u32.saturating_pow(guesses.count)).min(SLOWEST);
        *guesses = Guesses { count: guesses.count.saturating_add(1), at: now };
        delay
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

    #[tokio::test(start_paused = true)]
    async fn each_guess_of_a_client_is_answered_more_slowly_until_it_has_been_quiet() {
        let guard = guard(9, 9, 9);
        let guess = |client: &str| guard.guessed(ip(client)).as_secs();
        assert_eq!([(); 7].map(|()| guess("192.0.2.1")), [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(guess("192.0.2.2"), 1);
        tokio::time::advance(GUESSED).await;
        assert_eq!(guess("192.0.2.1"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn guessers_beyond_counting_cost_no_memory() {
        let guard = guard(9, 9, 9);
        for n in 0..u32::try_from(CLIENTS).unwrap() {
            guard.guessed(std::net::Ipv4Addr::from(n).into());
        }
        assert_eq!(guard.guessed(ip("192.0.2.1")), SLOWEST);
        assert_eq!(guard.guessers.lock().unwrap().len(), CLIENTS);
        tokio::time::advance(GUESSED).await;
        assert_eq!(guard.guessed(ip("192.0.2.1")).as_secs(), 1);
    }
}
