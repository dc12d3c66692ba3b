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
        Provider::Signed => "what both sides sign with",
    }
}

impl Hook {
    /// Reads the keys.
    pub fn new(settings: Settings) -> Result<Self, InvalidHook> {
        let Settings { provider, username, secret } = settings;
        let text = secret.expose_secret();
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

    /// Whether a request is the service's, and what in it is good once.
    pub(super) fn proves(&self, posted: &Posted<'_>, now: DateTime<Utc>) -> Result<Option<Once>, Unproven> {
        match &self.key {
            Key::SendGrid(sendgrid) => sendgrid.proves(posted, now).map(|()| None),
            Key::Mailgun(mailgun) => mailgun.proves(posted, now).map(Some),
            Key::Login(login) => login.proves(posted).map(|()| None),
            Key::Resend(resend) => resend.proves(posted, now).map(|()| None),
            Key::MailerSend(mailersend) => mailersend.proves(posted).map(|()| None),
            Key::Signed(signed) => signed.proves(posted, now).map(|()| None),
        }
    }
}

/// Without the secret.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("provider", &self.provider).finish_non_exhaustive()
    }
}
