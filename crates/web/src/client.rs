use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::RequestExt;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::Network;

use crate::WebState;

/// Who asks: the address behind the proxies that the configuration names, and the browser's own words for itself.
#[derive(Clone, Default)]
pub(crate) struct Client {
    /// Unknown only where the server was started without its peers' addresses.
    pub(crate) address: Option<IpAddr>,
    /// `User-Agent`, cut to what is worth keeping as evidence.
    pub(crate) user_agent: Option<String>,
}

/// Longer than any browser's own words for itself.
const USER_AGENT_LENGTH: usize = 300;

/// Finds the client's address once and hands it to the handlers.
pub(crate) async fn identify(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let peer = request.extract_parts::<ConnectInfo<SocketAddr>>().await.ok().map(|peer| peer.0.ip());
    let client = Client {
        address: peer.map(|peer| behind(peer, request.headers(), &state.settings.trusted_proxies)),
        user_agent: user_agent(request.headers()),
    };
    request.extensions_mut().insert(client);
    next.run(request).await
}

/// The nearest address that is none of our proxies.
///
/// Every proxy appends its own peer to `X-Forwarded-For`, so only the right end was written by somebody we trust;
/// whatever stands further left than the first stranger is that stranger's claim.
fn behind(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let mut client = peer.to_canonical();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(client) {
            break;
        }
        match parse_hop(hop.trim()) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// An address as proxies write it: alone, in brackets, or with a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let words = headers.get(header::USER_AGENT)?;
    let words = String::from_utf8_lossy(words.as_bytes());
    Some(words.chars().filter(|c| !c.is_control()).take(USER_AGENT_LENGTH).collect())
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        behind(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_unnamed_may_speak_for_another() {
        assert_eq!(check("203.0.113.9", &["192.0.2.1"], &[]), "203.0.113.9");
        assert_eq!(check("203.0.113.9", &["192.0.2.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn the_header_is_walked_from_the_right_and_a_forged_left_end_is_not_believed() {
        let trusted = ["10.0.0.0/8", "::1"];
        assert_eq!(check("10.0.0.1", &["1.2.3.4, 203.0.113.9"], &trusted), "203.0.113.9");
        assert_eq!(check("::1", &["1.2.3.4, 203.0.113.9, 10.0.0.7"], &trusted), "203.0.113.9");
        assert_eq!(check("10.0.0.1", &["1.2.3.4", "203.0.113.9"], &trusted), "203.0.113.9");
    }

    #[test]
    fn an_unreadable_hop_ends_the_walk() {
        assert_eq!(check("10.0.0.1", &["203.0.113.9, unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(check("10.0.0.1", &[""], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn ports_and_brackets_are_read() {
        assert_eq!(check("10.0.0.1", &["203.0.113.9:4711"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(check("10.0.0.1", &["[2001:db8::1]:4711"], &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(check("10.0.0.1", &["[2001:db8::1]"], &["10.0.0.0/8"]), "2001:db8::1");
    }
}
