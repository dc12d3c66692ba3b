//! A mail service that takes messages over HTTP: where it is, how it is asked, and whether it can be.
//!
//! One connection carries one request at a time, as it carries one message over SMTP, so that what holds for a relay holds here: a
//! connection is a slot, is kept alive between messages, and is made anew after a number of them. HTTP is spoken by hyper on a
//! socket of ours: no redirect is followed, no proxy asked, no request repeated behind our back, and it is known whether the last
//! byte of a message has left. Before that byte nobody can have taken the message; behind it, a connection that breaks leaves it
//! in doubt.

mod address;
mod call;
mod invalid;
mod letter;
mod mailgun;
mod meaning;
mod parts;
mod postmark;
mod probe;
mod sendgrid;
mod ses;
mod session;
mod sigv4;

use std::fmt;

use chrono::{DateTime, Utc};
use rustls_pki_types::ServerName;
use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::TlsConnector;
use url::Url;

use self::address::{Address, Kind};
use self::call::{Call, Told};
pub use self::invalid::InvalidService;
use self::mailgun::Mailgun;
pub use self::meaning::{Answered, Meaning};
use self::postmark::Postmark;
use self::sendgrid::SendGrid;
use self::ses::Ses;
pub use self::session::Session;
use crate::connection::{Message, Unfit};
use crate::relay::{Timeouts, tls};

/// The name under which each service is told the token of a delivery, and brings it back.
const TOKEN: &str = "eshot";

/// How to reach a mail service, as an operator writes it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `ses://REGION`, `sendgrid://HOST`, `mailgun://HOST/DOMAIN` or `postmark://HOST`; `?configuration_set=` and `?stream=` may follow.
    pub url: Url,
    /// The public half of the credentials, where there is one: the id of an AWS access key.
    pub key_id: String,
    /// The secret half: a secret access key, an API key or a server token.
    pub secret: SecretString,
    /// PEM certificates to trust besides the system's.
    pub certificates: Option<Vec<u8>>,
    /// How many messages one connection carries before it is made anew.
    pub messages_per_connection: u32,
    /// How long each phase may take. What is `dot` over SMTP is the answer to a request here.
    pub timeouts: Timeouts,
}

/// A mail service that the settings can really mean.
#[derive(Clone)]
pub struct Service {
    api: Api,
    host: String,
    port: u16,
    /// Nothing on the loopback interface, where tests are.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    messages_per_connection: u32,
    timeouts: Timeouts,
}

/// Whose API is spoken.
#[derive(Clone)]
enum Api {
    Ses(Ses),
    SendGrid(SendGrid),
    Mailgun(Mailgun),
    Postmark(Postmark),
}

impl Settings {
    /// The usual settings for a service at this address.
    pub fn new(url: Url, key_id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self {
            url,
            key_id: key_id.into(),
            secret: secret.into(),
            certificates: None,
            messages_per_connection: 100,
            timeouts: Timeouts::default(),
        }
    }
}

impl Service {
    /// Whether an address is that of a mail service, by its scheme.
    pub fn is_meant_by(url: &Url) -> bool {
        Kind::of(url.scheme()).is_some()
    }

    /// Checks the settings against each other and loads the certificates to trust.
    pub fn new(settings: Settings) -> Result<Self, InvalidService> {
        let address = Address::of(&settings.url)?;
        if settings.messages_per_connection == 0 {
            return Err(InvalidService::NoMessages);
        }
        if settings.secret.expose_secret().is_empty() {
            return Err(InvalidService::NoSecret(address.kind.secret()));
        }
        if settings.key_id.is_empty() == address.kind.has_key_id() {
            return Err(InvalidService::KeyId { wanted: address.kind.has_key_id() });
        }
        // It goes into a header as it is.
        let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if !printable(settings.secret.expose_secret()) || !printable(&settings.key_id) {
            return Err(InvalidService::UnprintableSecret);
        }
        let tls = if address.encrypted {
            let extra = settings.certificates.as_deref().map(tls::certificates).transpose()?.unwrap_or_default();
            let name = ServerName::try_from(address.host.clone()).map_err(|_| InvalidService::Host)?;
            Some((tls::connector(extra)?, name))
        } else {
            None
        };
        let api = match address.kind {
            Kind::Ses => Api::Ses(Ses {
                region: address.place,
                configuration_set: address.option,
                key_id: settings.key_id,
                secret: settings.secret,
            }),
            Kind::SendGrid => Api::SendGrid(SendGrid { key: settings.secret }),
            Kind::Mailgun => Api::Mailgun(Mailgun { domain: address.place, key: settings.secret }),
            Kind::Postmark => Api::Postmark(Postmark { stream: address.option, token: settings.secret }),
        };
        Ok(Self {
            api,
            host: address.host,
            port: address.port,
            tls,
            messages_per_connection: settings.messages_per_connection,
            timeouts: settings.timeouts,
        })
    }

    /// The name in attempts, logs and reports: host and port.
    pub fn name(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The value of the header Host: a port that everybody knows is not said.
    fn authority(&self) -> String {
        if self.port == 443 { self.host.clone() } else { self.name() }
    }

    /// The request that hands over a message.
    fn hand_over(&self, message: &Message, now: DateTime<Utc>) -> Result<Call, Unfit> {
        if !message.recipient.as_str().is_ascii() {
            return Err(Unfit::NeedsSmtpUtf8);
        }
        match &self.api {
            Api::Ses(ses) => Ok(ses.hand_over(message, &self.authority(), now)),
            Api::SendGrid(sendgrid) => sendgrid.hand_over(message),
            Api::Mailgun(mailgun) => Ok(mailgun.hand_over(message)),
            Api::Postmark(postmark) => postmark.hand_over(message),
        }
    }

    /// The request that only asks who we are.
    fn ask(&self, now: DateTime<Utc>) -> Call {
        match &self.api {
            Api::Ses(ses) => ses.ask(&self.authority(), now),
            Api::SendGrid(sendgrid) => sendgrid.ask(),
            Api::Mailgun(mailgun) => mailgun.ask(),
            Api::Postmark(postmark) => postmark.ask(),
        }
    }

    /// What the answer to a message means.
    fn judge(&self, told: &Told) -> Answered {
        let (kind, reading) = match &self.api {
            Api::Ses(_) => (Kind::Ses, Ses::read(told)),
            Api::SendGrid(_) => (Kind::SendGrid, SendGrid::read(told)),
            Api::Mailgun(_) => (Kind::Mailgun, Mailgun::read(told)),
            Api::Postmark(_) => (Kind::Postmark, Postmark::read(told)),
        };
        meaning::judge(kind, told, reading.cleared_of(&self.secrets()))
    }

    /// What must not come back to us in an answer, and from there into a log.
    fn secrets(&self) -> Vec<String> {
        let own = |secret: &SecretString| secret.expose_secret().to_owned();
        match &self.api {
            Api::Ses(ses) => vec![own(&ses.secret)],
            Api::SendGrid(sendgrid) => vec![own(&sendgrid.key)],
            Api::Mailgun(mailgun) => vec![own(&mailgun.key), mailgun.encoded()],
            Api::Postmark(postmark) => vec![own(&postmark.token)],
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("name", &self.name()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
