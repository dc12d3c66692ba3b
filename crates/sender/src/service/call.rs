use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};

/// A request, but for Host and Content-Length.
pub(super) struct Call {
    pub(super) method: Method,
    /// The path and what follows it.
    pub(super) target: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// What a service has answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// The body, or as much of it as came in time and as we are willing to read.
    pub(super) body: Vec<u8>,
}

/// An answer as its service means it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reading {
    /// What it calls the message that it took.
    pub(super) id: Option<String>,
    /// Its own code for what is wrong.
    pub(super) code: String,
    /// Its words.
    pub(super) words: String,
}

/// A header whose value is kept out of every debug output.
pub(super) fn secret(value: &str) -> HeaderValue {
    // Keys are printable, which was seen to when the service was made.
    let mut value = HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

impl Told {
    /// The body, if it is JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as words, where it is none of the service's own: a proxy's page, say.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// For how long it asks to be left alone (RFC 9110 §10.2.3). A date is not understood: none of the services sends one.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.header("retry-after")?.trim().parse().ok()?))
    }
}

impl Reading {
    /// Without what is secret, should the service repeat it.
    pub(super) fn cleared_of(mut self, secrets: &[String]) -> Self {
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            for text in [&mut self.code, &mut self.words].into_iter().chain(self.id.as_mut()) {
                *text = text.replace(secret.as_str(), "[secret]");
            }
        }
        self
    }
}
