//! The other program that is told what happens, as the configuration means it.

mod teller;

use std::fmt;

use activity::{Cursor, Fact, Kind};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use secrecy::ExposeSecret;
use serde_json::json;
use url::{Host, Url};

use crate::config::Events;

pub(crate) use teller::{Teller, Untold};

/// What a secret begins with (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// How many bytes a secret may have (ibid.).
const LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// Who is told, and of what.
#[derive(Clone)]
pub(crate) struct Endpoint {
    url: Url,
    key: hmac::Key,
    kinds: Vec<Kind>,
}

/// Why nobody can be told so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Wrong {
    #[error("what is told is nobody else's business: https://, or http:// to this machine")]
    Url,
    #[error("a secret is whsec_ and the Base64 of 24 to 64 bytes, as `eshot key events` prints one")]
    Secret,
    #[error("name at least one kind of event")]
    NoKinds,
}

impl Wrong {
    /// The key that is to blame.
    pub(crate) const fn key(&self) -> &'static str {
        match self {
            Self::Url => "events.url",
            Self::Secret => "events.secret",
            Self::NoKinds => "events.kinds",
        }
    }
}

/// What is posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The same, however often it is told: by it the other side knows what it has had already.
    pub(crate) id: String,
    pub(crate) body: String,
}

impl Endpoint {
    /// None where nobody is to be told.
    pub(crate) fn of(config: &Events) -> Result<Option<Self>, Wrong> {
        let url = config.url.expose_secret();
        if url.is_empty() {
            return Ok(None);
        }
        let url: Url = url.parse().map_err(|_| Wrong::Url)?;
        let is_here = match url.host() {
            Some(Host::Ipv4(host)) => host.is_loopback(),
            Some(Host::Ipv6(host)) => host.is_loopback(),
            Some(Host::Domain(host)) => host == "localhost",
            None => false,
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
            return Err(Wrong::Url);
        }
        if config.kinds.is_empty() {
            return Err(Wrong::NoKinds);
        }
        let secret = config.secret.expose_secret().strip_prefix(PREFIX).ok_or(Wrong::Secret)?;
        let secret = BASE64.decode(secret.as_bytes()).ok().filter(|secret| LENGTHS.contains(&secret.len()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.ok_or(Wrong::Secret)?);
        Ok(Some(Self { url, key, kinds: config.kinds.clone() }))
    }

    /// Whether it is told of such facts.
    pub(crate) fn wants(&self, fact: &Fact) -> bool {
        self.kinds.contains(&fact.kind)
    }

    /// `v1,` and the Base64 of an HMAC-SHA256 over id, time and body, with dots between them (ibid.).
    fn signature(&self, message: &Message, at: DateTime<Utc>) -> String {
        let signed = format!("{}.{}.{}", message.id, at.timestamp(), message.body);
        format!("v1,{}", BASE64.encode(hmac::sign(&self.key, signed.as_bytes()).as_ref()))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path may hold a secret as well.
        f.debug_struct("Endpoint").field("host", &self.url.host_str()).field("kinds", &self.kinds).finish()
    }
}

impl Message {
    /// What is said of a fact. It names people by their ids; never an address.
    pub(crate) fn about(cursor: Cursor, fact: &Fact) -> Self {
        let (mailing, ordinal) = fact.delivery.map(|key| (key.mailing, key.ordinal)).unzip();
        let data = json!({
            "brand": fact.brand,
            "subscriber": fact.subscriber,
            "mailing": mailing,
            "ordinal": ordinal,
            "detail": fact.detail,
        });
        let body = json!({ "type": fact.kind, "timestamp": fact.at, "data": data });
        Self { id: format!("evt_{}", cursor.fact()), body: body.to_string() }
    }
}

/// A new secret.
pub(crate) fn new_secret() -> anyhow::Result<String> {
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(format!("{PREFIX}{}", BASE64.encode(&secret)))
}

#[cfg(test)]
mod tests {
    use domain::BrandId;

    use super::*;

    fn config(url: &str, secret: &str, kinds: &[Kind]) -> Events {
        Events { url: url.into(), secret: secret.into(), kinds: kinds.to_vec() }
    }

    // The example of the specification's libraries (github.com/standard-webhooks/standard-webhooks).
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn a_message_is_signed_as_the_specification_does() {
        let endpoint = Endpoint::of(&config("https://example.com/", SECRET, &[Kind::Alerted])).unwrap().unwrap();
        let message =
            Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(), body: r#"{"test": 2432232314}"#.to_owned() };
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        assert_eq!(endpoint.signature(&message, at), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn nobody_is_told_in_the_clear_or_unsigned() {
        for url in ["http://example.com/", "example.com", "ftp://127.0.0.1/", "http://127.0.0.1.example.com/"] {
            assert!(matches!(Endpoint::of(&config(url, SECRET, &[Kind::Alerted])), Err(Wrong::Url)), "{url}");
        }
        for url in ["https://example.com/x", "http://127.0.0.1:8/", "http://[::1]/", "http://localhost:9/"] {
            assert!(Endpoint::of(&config(url, SECRET, &[Kind::Alerted])).unwrap().is_some(), "{url}");
        }
        for secret in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"] {
            assert!(matches!(Endpoint::of(&config("https://example.com/", secret, &[Kind::Sent])), Err(Wrong::Secret)));
        }
        assert!(matches!(Endpoint::of(&config("https://example.com/", SECRET, &[])), Err(Wrong::NoKinds)));
        assert!(Endpoint::of(&config("", "", &[])).unwrap().is_none());
    }

    #[test]
    fn a_secret_that_is_made_is_one_and_is_never_shown() {
        let secret = new_secret().unwrap();
        let endpoint = Endpoint::of(&config("https://example.com/hush", &secret, &[Kind::Sent])).unwrap().unwrap();
        assert!(!format!("{endpoint:?}").contains("hush"));
        assert_ne!(secret, new_secret().unwrap());
    }

    #[test]
    fn a_message_names_nobody_by_address() {
        let fact = Fact::new(Kind::Alerted, BrandId::new(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH)
            .with(json!({ "cause": "hard" }));
        let message = Message::about(Cursor::default(), &fact);
        assert_eq!(message.id, "evt_0");
        let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body["type"], "alerted");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00Z");
        assert_eq!(body["data"]["detail"]["cause"], "hard");
        assert_eq!(body["data"]["mailing"], serde_json::Value::Null);
    }
}
