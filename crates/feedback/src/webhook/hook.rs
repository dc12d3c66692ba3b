use std::fmt;

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::basic::Login;
use super::mailersend::MailerSend;
use super::mailgun::Mailgun;
use super::proof::{Once, Unproven};
use super::resend::Resend;
use super::sendgrid::SendGrid;
use super::signed::Signed;
use super::sns::{Cloud, InvalidTopic, Sns, Topic, trusted};
use super::{Posted, Provider};

/// A secret of ours that is shorter than this is guessed one day.
const SHORTEST: usize = 16;

/// How a service's requests are proved, as an operator writes it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose requests they are.
    pub provider: Provider,
    /// The name that the service logs in with, where it proves itself by a password.
    pub username: String,
    /// The signing key, the public key, the password or the token.
    pub secret: SecretString,
    /// The topic through which the service tells, where it does.
    pub topic: String,
    /// Who vouches for the certificates of that topic's signatures, as PEM; Amazon's are vouched for by the place that they are at.
    pub certificates: Option<Vec<u8>>,
}

/// An address that a service posts to, with all that proves that it is the service.
#[derive(Clone)]
pub struct Hook {
    provider: Provider,
    key: Key,
}

#[derive(Clone)]
enum Key {
    SendGrid(SendGrid),
    Mailgun(Mailgun),
    Login(Login),
    Resend(Resend),
    MailerSend(MailerSend),
    Signed(Signed),
    Sns(Sns),
}

/// Why nothing can be proved by these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHook {
    /// Anybody could post.
    #[error("without a secret anybody could report anything; it is {0}")]
    NoSecret(&'static str),
    /// Somebody will guess it.
    #[error("a secret that we make up ourselves has {SHORTEST} characters at least")]
    ShortSecret,
    /// It does not read.
    #[error("this does not read as {0}")]
    Secret(&'static str),
    /// It would not be looked at.
    #[error("{0} signs its requests; only passwords have a username")]
    Username(Provider),
    /// There has to be one, and for others there is none.
    #[error("{0} tells through a topic, and is believed by that alone: give its full name, and no secret")]
    NoTopic(Provider),
    /// It would not be looked at.
    #[error("{0} tells through no topic")]
    TopicOfNone(Provider),
    /// It is none, or another cloud's.
    #[error("{0}")]
    Topic(String),
    /// Nobody vouches for what it signs with.
    #[error("{0} asks to have its signatures' certificates checked: give the file with its trust chain")]
    NoCertificates(Provider),
    /// They do not read.
    #[error("these certificates cannot be read, or are not for {0}")]
    Certificates(Provider),
    /// It has to be there.
    #[error("{0} logs in with a username and a password")]
    NoUsername(Provider),
}

/// What the secret of each is.
const fn secret_of(provider: Provider) -> &'static str {
    match provider {
        Provider::SendGrid => "the verification key that SendGrid shows beside its signed event webhook",
        Provider::Mailgun => "the HTTP webhook signing key of the Mailgun account",
        Provider::Postmark | Provider::Mailjet => "the password in the address that the service is told",
        Provider::SparkPost | Provider::Brevo => "the password or the token that the service is told",
        Provider::Resend => "the signing secret, whsec_…",
        Provider::MailerSend => "the webhook's signing secret",
        Provider::Ses | Provider::Scaleway => "a topic in its place",
        Provider::Signed => "what both sides sign with",
    }
}

impl Hook {
    /// Reads the keys.
    pub fn new(settings: Settings) -> Result<Self, InvalidHook> {
        let Settings { provider, username, secret, topic, certificates } = settings;
        let text = secret.expose_secret();
        if matches!(provider, Provider::Ses | Provider::Scaleway) {
            if !text.is_empty() || !username.is_empty() || topic.is_empty() {
                return Err(InvalidHook::NoTopic(provider));
            }
            return Ok(Self { provider, key: Key::Sns(sns(provider, &topic, certificates.as_deref())?) });
        }
        if !topic.is_empty() {
            return Err(InvalidHook::TopicOfNone(provider));
        }
        if certificates.is_some() {
            return Err(InvalidHook::Certificates(provider));
        }
        if text.is_empty() {
            return Err(InvalidHook::NoSecret(secret_of(provider)));
        }
        let is_login =
            matches!(provider, Provider::Postmark | Provider::SparkPost | Provider::Mailjet | Provider::Brevo);
        if !username.is_empty() && !is_login {
            return Err(InvalidHook::Username(provider));
        }
        if (is_login || provider == Provider::Signed) && text.chars().count() < SHORTEST {
            return Err(InvalidHook::ShortSecret);
        }
        let hmac_key = || hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        let wrong = || InvalidHook::Secret(secret_of(provider));
        let key = match provider {
            Provider::SendGrid => Key::SendGrid(SendGrid::new(text).ok_or_else(wrong)?),
            Provider::Mailgun => Key::Mailgun(Mailgun { key: hmac_key() }),
            Provider::Resend => Key::Resend(Resend::new(text).ok_or_else(wrong)?),
            Provider::MailerSend => Key::MailerSend(MailerSend { key: hmac_key() }),
            Provider::Signed => Key::Signed(Signed { key: hmac_key() }),
            Provider::Ses | Provider::Scaleway => return Err(InvalidHook::NoTopic(provider)),
            _ if !username.is_empty() => Key::Login(Login::Password { name: username, password: secret }),
            Provider::SparkPost => Key::Login(Login::Token { header: "x-messagesystems-webhook-token", token: secret }),
            Provider::Brevo => Key::Login(Login::Token { header: "authorization", token: secret }),
            Provider::Postmark | Provider::Mailjet => return Err(InvalidHook::NoUsername(provider)),
        };
        Ok(Self { provider, key })
    }

    /// Whose requests they are.
    pub const fn provider(&self) -> Provider {
        self.provider
    }

    /// The topic through which it tells.
    pub(super) fn sns(&self) -> Option<&Sns> {
        match &self.key {
            Key::Sns(sns) => Some(sns),
            _ => None,
        }
    }

    /// Whether a request is the service's, and what in it is good once.
    pub(super) fn proves(&self, posted: &Posted<'_>, now: DateTime<Utc>) -> Result<Option<Once>, Unproven> {
        match &self.key {
            Key::SendGrid(sendgrid) => sendgrid.proves(posted, now).map(|()| None),
            Key::Mailgun(mailgun) => mailgun.proves(posted, now).map(Some),
            Key::Login(login) => login.proves(posted).map(|()| None),
            Key::Resend(resend) => resend.proves(posted, now).map(|()| None),
            Key::MailerSend(mailersend) => mailersend.proves(posted).map(|()| None),
            Key::Signed(signed) => signed.proves(posted, now).map(|()| None),
            // What proves these has to be fetched.
            Key::Sns(_) => Err(Unproven),
        }
    }
}

fn sns(provider: Provider, topic: &str, certificates: Option<&[u8]>) -> Result<Sns, InvalidHook> {
    let topic: Topic = topic.parse().map_err(|error: InvalidTopic| InvalidHook::Topic(error.to_string()))?;
    let is_scaleways = topic.cloud() == Cloud::Scaleway;
    if is_scaleways != (provider == Provider::Scaleway) {
        return Err(InvalidHook::Topic(format!("{topic} is no topic of {provider}")));
    }
    let anchors = match certificates {
        Some(pem) => trusted(pem).ok_or(InvalidHook::Certificates(provider))?,
        None if is_scaleways => return Err(InvalidHook::NoCertificates(provider)),
        None => Vec::new(),
    };
    Ok(Sns { topic, anchors: anchors.into() })
}

/// Without the secret.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("provider", &self.provider).finish_non_exhaustive()
    }
}
