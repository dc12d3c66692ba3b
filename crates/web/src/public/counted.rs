//! Followed links and opened mails: counted, and answered at once. A GET counts and changes nothing else; a HEAD does not even count.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Network;
use feedback::tracking::{Deed, Hit, Request, Whose, suspect};
use links::{Refused, path};

use super::Failure;
use crate::WebState;
use crate::client::Client;

/// One transparent point (GIF89a).
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x21\xf9\x04\x01\x00\x00\x00\x00\
                       \x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// Longer than any token of ours.
const TOKEN: usize = 64;

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route(path::CLICK, get(click))
        .route(path::ANONYMOUS_CLICK, get(anonymous_click))
        .route(path::OPEN, get(open))
}

async fn click(
    State(state): State<WebState>,
    method: Method,
    Path((token, link)): Path<(String, String)>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let key = believed(&state, &client, &token, |token| state.links.read_click(token))?;
    follow(&state, Whose::Delivery(key), &link, &Asked { method, client, headers }).await
}

async fn anonymous_click(
    State(state): State<WebState>,
    method: Method,
    Path((token, link)): Path<(String, String)>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let place = believed(&state, &client, &token, |token| state.links.read_anonymous_click(token))?;
    follow(&state, Whose::Mailing(place.mailing), &link, &Asked { method, client, headers }).await
}

async fn open(
    State(state): State<WebState>,
    method: Method,
    Path(token): Path<String>,
    client: Client,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let key = believed(&state, &client, &token, |token| state.links.read_open(token))?;
    let asked = Asked { method, client, headers };
    let targets = state.targets.find(state.db.reader(), key.mailing).await?.ok_or(Failure::None)?;
    asked.count(&state, Deed::Opened, Whose::Delivery(key), &targets);
    let headers = [
        (header::CONTENT_TYPE.as_str(), "image/gif"),
        // Mails are read at other origins.
        ("cross-origin-resource-policy", "cross-origin"),
    ];
    Ok((headers, PIXEL).into_response())
}

/// Leads to where the campaign's frozen document says, and nowhere else.
async fn follow(state: &WebState, whose: Whose, link: &str, asked: &Asked) -> Result<Response, Failure> {
    let number: u16 = link.parse().map_err(|_| Failure::None)?;
    let targets = state.targets.find(state.db.reader(), whose.mailing()).await?.ok_or(Failure::None)?;
    let target = targets.links.get(usize::from(number)).ok_or(Failure::None)?;
    let answer = (StatusCode::FOUND, [(header::LOCATION, target.as_str())]).into_response();
    asked.count(state, Deed::Clicked(number), whose, &targets);
    Ok(answer)
}

/// What a token names. A forged one costs its sender a part of the allowance of its network.
fn believed<T>(
    state: &WebState,
    client: &Client,
    token: &str,
    read: impl FnOnce(&str) -> Result<T, Refused>,
) -> Result<T, Failure> {
    let read = if token.len() > TOKEN { Err(Refused::Malformed) } else { read(token) };
    read.map_err(|refused| state.admit(client).map_or_else(Failure::Often, |()| Failure::Link(refused)))
}

/// Who asks, and how.
struct Asked {
    method: Method,
    client: Client,
    headers: HeaderMap,
}

impl Asked {
    fn count(&self, state: &WebState, deed: Deed, whose: Whose, targets: &campaigns::Targets) {
        let network = self.client.address.map(Network::of);
        // Whoever is beyond it is answered all the same.
        if self.method != Method::GET || !state.admit_hit(whose, network) {
            return;
        }
        state.hits.take(Hit {
            at: state.now(),
            deed,
            whose,
            brand: targets.brand,
            links: u16::try_from(targets.links.len()).unwrap_or(u16::MAX),
            network: self.client.address.map(Network::around),
            suspect: suspect(self, deed),
        });
    }
}

impl Request for Asked {
    fn user_agent(&self) -> &str {
        self.client.user_agent.as_deref().unwrap_or_default()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

#[cfg(test)]
mod tests;
