//! The SMTP server that takes our mail: where it is, how it is spoken to, and whether it can be.

mod credentials;
mod invalid;
mod probe;
mod security;
pub(crate) mod tls;

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::extension::ClientId;
use url::Url;

pub use self::credentials::{Credentials, Proof};
pub use self::invalid::InvalidRelay;
pub use self::probe::{Probe, Step};
pub use self::security::{Policy, Security};
pub(crate) use self::tls::Tls;

/// How to reach a relay, as an operator writes it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `smtp://HOST[:25]`, `smtp+starttls://HOST[:587]` or `smtps://HOST[:465]`.
    pub url: Url,
    /// What `smtp://` does about encryption; the other two schemes speak for themselves.
    pub policy: Policy,
    /// The login, if the relay wants one.
    pub credentials: Option<Credentials>,
    /// PEM certificates to trust besides the system's.
    pub certificates: Option<Vec<u8>>,
    /// The name that we greet with; the machine's own without one (RFC 5321 §4.1.4).
    pub hello: Option<String>,
    /// How many messages one connection carries before it is made anew.
    pub messages_per_connection: u32,
    /// How long each phase may take.
    pub timeouts: Timeouts,
}

/// How long each phase of a dialogue may take.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Name, TCP, greeting and EHLO; then TLS; then AUTH: each of the three.
    pub connect: Duration,
    /// The answer to MAIL FROM, RCPT TO, DATA, RSET and QUIT.
    pub command: Duration,
    /// Handing over the message.
    pub body: Duration,
    /// The answer to the final dot. RFC 5321 §4.5.3.2.6 asks for ten minutes: whoever gives up earlier doubts more often.
    pub dot: Duration,
}

/// A relay that the settings can really mean.
#[derive(Clone)]
pub struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) tls: Tls,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) hello: ClientId,
    pub(crate) messages_per_connection: u32,
    pub(crate) timeouts: Timeouts,
}

impl Settings {
    /// The usual settings for a relay at this address.
    pub fn new(url: Url) -> Self {
        Self {
            url,
            policy: Policy::default(),
            credentials: None,
            certificates: None,
            hello: None,
            messages_per_connection: 100,
            timeouts: Timeouts::default(),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(60),
            body: Duration::from_secs(180),
            dot: Duration::from_secs(600),
        }
    }
}

impl Relay {
    /// Checks the settings against each other and loads the certificates to trust.
    pub fn new(settings: Settings) -> Result<Self, InvalidRelay> {
        let url = &settings.url;
        let security = Security::new(url.scheme(), settings.policy)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(InvalidRelay::Host)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidRelay::Userinfo);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidRelay::Path);
        }
        if settings.credentials.is_some() && !security.is_verified() {
            return Err(InvalidRelay::CredentialsInTheClear);
        }
        if settings.messages_per_connection == 0 {
            return Err(InvalidRelay::NoMessages);
        }
        // A URL writes an IPv6 address in brackets; nobody else does.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self {
            tls: Tls::new(security, &host, settings.certificates.as_deref())?,
            port: url.port().unwrap_or_else(|| security.default_port()),
            hello: hello(settings.hello)?,
            host,
            security,
            credentials: settings.credentials,
            messages_per_connection: settings.messages_per_connection,
            timeouts: settings.timeouts,
        })
    }

    /// The name in attempts, logs and reports: host and port.
    pub fn name(&self) -> String {
        self.to_string()
    }
}

fn hello(name: Option<String>) -> Result<ClientId, InvalidRelay> {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return Ok(ClientId::default()) };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '[' | ']' | ':');
    if name.chars().all(fits) { Ok(ClientId::Domain(name)) } else { Err(InvalidRelay::Hello(name)) }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("name", &self.name()).field("security", &self.security).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
