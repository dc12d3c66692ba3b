use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use domain::{EmailAddress, MailboxProvider, Throttle};
use feedback::webhook::Provider;
use limits::{Limit, Published, WarmUp};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::span::Span;

/// Every setting. What each means stands in `config/default.toml`, where it is documented and has its default.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Config {
    pub database: Database,
    pub keys: Keys,
    pub serve: Serve,
    pub http: Http,
    pub relay: Relay,
    pub relays: BTreeMap<String, Relay>,
    pub sender: Sender,
    pub limits: Limits,
    pub feedback: Feedback,
    pub webhooks: BTreeMap<String, Webhook>,
    pub events: Events,
    pub mailbox: Mailbox,
    pub mailboxes: BTreeMap<String, Mailbox>,
    pub dns: Dns,
    pub scheduler: Scheduler,
    pub retention: Retention,
    pub log: Log,
}

/// `[database]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Database {
    pub url: SecretString,
    pub connections: NonZeroU32,
    pub migrate: bool,
}

/// `[keys]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Keys {
    pub master: SecretString,
}

/// `[serve]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Serve {
    pub roles: Vec<Role>,
    pub drain: Span,
}

/// What an instance does.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Pages and API.
    Web,
    /// Mail out.
    Sender,
    /// Mail in.
    Feedback,
    /// What is due.
    Scheduler,
}

/// `[http]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Http {
    pub listen: SocketAddr,
    #[serde(deserialize_with = "url")]
    pub base_url: Url,
    pub trusted_proxies: Vec<domain::Network>,
    #[serde(deserialize_with = "unless_empty")]
    pub templates: Option<PathBuf>,
    pub api_body_limit: NonZeroUsize,
    pub form_body_limit: NonZeroUsize,
    pub timeout: Span,
    pub connections: NonZeroUsize,
    pub connections_per_client: NonZeroUsize,
    pub client_timeout: Span,
    pub public_rate: Throttle,
    pub sign_up_rate: Throttle,
}

/// `[relay]`, or one of `[relays]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Relay {
    #[serde(deserialize_with = "url")]
    pub url: Url,
    pub tls: RelayTls,
    pub auth: RelayAuth,
    pub username: String,
    pub password: SecretString,
    #[serde(deserialize_with = "unless_empty")]
    pub token_file: Option<PathBuf>,
    #[serde(deserialize_with = "unless_empty")]
    pub certificates: Option<PathBuf>,
    #[serde(deserialize_with = "unless_empty")]
    pub helo: Option<String>,
    /// In `[relay]` only, where it is for all.
    #[serde(default, deserialize_with = "unless_empty")]
    pub redirect_to: Option<EmailAddress>,
    pub priority: u32,
    #[serde(deserialize_with = "weight")]
    pub weight: NonZeroU32,
    pub brands: Vec<String>,
    pub limit: Limit,
    #[serde(deserialize_with = "warm_up")]
    pub warm_up: Option<WarmUp>,
    pub connections: NonZeroU32,
    pub messages_per_connection: NonZeroU32,
    pub connect_timeout: Span,
    pub command_timeout: Span,
    pub body_timeout: Span,
    pub final_timeout: Span,
}

/// When a relay reached by `smtp://` must speak TLS.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayTls {
    /// STARTTLS, or no mail is handed over.
    Required,
    /// STARTTLS where it is offered.
    Opportunistic,
    /// Never.
    None,
}

/// What a login at the relay is made with.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RelayAuth {
    /// A password.
    Password,
    /// An access token, by SASL XOAUTH2.
    Xoauth2,
}

/// `[sender]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Sender {
    pub batch: NonZeroU32,
    pub lease: Span,
    pub idle: Span,
    pub give_up: Span,
    pub cfbl: bool,
}

/// `[limits]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Limits {
    pub published: Published,
    pub relay: Limit,
    pub campaign: Limit,
    pub providers: BTreeMap<MailboxProvider, Limit>,
    pub brands: BTreeMap<String, Limit>,
}

impl Limits {
    /// The limits of mailbox providers: those of the configuration, and for others what is published.
    pub(crate) fn of_providers(&self) -> BTreeMap<MailboxProvider, Limit> {
        let mut limits = self.published.limits();
        limits.extend(self.providers.clone());
        limits
    }
}

/// `[feedback]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Feedback {
    pub listen: SocketAddr,
    #[serde(deserialize_with = "unless_empty")]
    pub hostname: Option<String>,
    pub addresses: Vec<EmailAddress>,
    #[serde(deserialize_with = "unless_empty")]
    pub lmtp: Option<feedback::listener::Address>,
    #[serde(deserialize_with = "unless_empty")]
    pub maildir: Option<PathBuf>,
    pub message_limit: NonZeroUsize,
    pub memory: NonZeroUsize,
    pub connections: NonZeroUsize,
    pub connections_per_client: NonZeroUsize,
    pub rate: Throttle,
    pub timeout: Span,
    pub tarpit: Span,
    #[serde(deserialize_with = "unless_empty")]
    pub certificate: Option<PathBuf>,
    #[serde(deserialize_with = "unless_empty")]
    pub private_key: Option<PathBuf>,
}

/// One of `[webhooks]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Webhook {
    #[serde(deserialize_with = "provider")]
    pub provider: Provider,
    pub username: String,
    pub secret: SecretString,
    pub topic: String,
    #[serde(deserialize_with = "unless_empty")]
    pub certificates: Option<PathBuf>,
}

/// `[events]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Events {
    pub url: SecretString,
    pub secret: SecretString,
    pub kinds: Vec<activity::Kind>,
}

/// `[mailbox]`, or one of `[mailboxes]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Mailbox {
    #[serde(deserialize_with = "mailbox_url")]
    pub url: Option<Url>,
    pub username: String,
    pub password: SecretString,
    #[serde(deserialize_with = "unless_empty")]
    pub certificates: Option<PathBuf>,
    pub processed: String,
    pub unreadable: String,
    pub poll: Span,
    pub timeout: Span,
}

/// `[dns]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Dns {
    #[serde(deserialize_with = "unless_empty")]
    pub nameserver: Option<SocketAddr>,
}

/// `[scheduler]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Scheduler {
    pub tick: Span,
    pub seal: Span,
}

/// `[retention]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Retention {
    pub returned_mail: Span,
    pub unconfirmed: Span,
}

/// `[log]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/default.toml documents every key, once")]
pub struct Log {
    pub filter: String,
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Shares are told apart finely enough by this, and what is counted by them stays small.
const HEAVIEST: u32 = 1_000;

/// A share, with an error that says how to have none.
fn weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NonZeroU32, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let number = u32::try_from(number).ok().filter(|number| *number <= HEAVIEST).and_then(NonZeroU32::new);
    number.ok_or_else(|| {
        de::Error::custom(
            "a weight is a whole number from 1 to 1000; a relay that is to get nothing is left out, and one that is to \
                           wait until others fail has a higher priority",
        )
    })
}

/// An empty text is a setting that was not made.
fn unless_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: std::fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(de::Error::custom) }
}

/// A table, or an empty text for none.
fn warm_up<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<WarmUp>, D::Error> {
    struct Either;

    impl<'de> de::Visitor<'de> for Either {
        type Value = Option<WarmUp>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a table such as { start = 50 }")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.is_empty() { Ok(None) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
        }

        fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            WarmUp::deserialize(de::value::MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(Either)
}

/// A mail service, by its name.
fn provider<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Provider, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// An address, with an error that says what one looks like.
fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(|_| {
        de::Error::custom(format!("{text:?} is no address; one looks like https://HOST or smtp://HOST:PORT"))
    })
}

/// The same of a mailbox, which need not be.
fn mailbox_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| de::Error::custom(format!("{text:?} is no address of a mailbox; one looks like imaps://HOST"));
    Url::parse(&text).map(Some).map_err(wrong)
}
