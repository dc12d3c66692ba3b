//! The relay as the configuration means it.

use std::fs;

use secrecy::ExposeSecret;
use sender::relay::{Credentials, InvalidRelay, Policy, Relay, Settings, Timeouts};

use crate::config::{self, RelayTls};

/// Why the settings mean no relay, and which key is to blame.
#[derive(Debug)]
pub(crate) struct Blamed {
    pub(crate) key: &'static str,
    pub(crate) what: String,
}

/// The relay, if the settings fit each other.
pub(crate) fn relay(config: &config::Relay) -> Result<Relay, Blamed> {
    let (login, password) = (!config.username.is_empty(), !config.password.expose_secret().is_empty());
    if login != password {
        let key = if login { "relay.password" } else { "relay.username" };
        let what = "a login takes relay.username and relay.password, both or neither".to_owned();
        return Err(Blamed { key, what });
    }
    let read = |path: &std::path::PathBuf| {
        let what = |error| format!("the file {} cannot be read: {error}", path.display());
        fs::read(path).map_err(|error| Blamed { key: "relay.certificates", what: what(error) })
    };
    let settings = Settings {
        url: config.url.clone(),
        policy: match config.tls {
            RelayTls::None => Policy::None,
            RelayTls::Opportunistic => Policy::Opportunistic,
            RelayTls::Required => Policy::Required,
        },
        credentials: login.then(|| Credentials { user: config.username.clone(), password: config.password.clone() }),
        certificates: config.certificates.as_ref().map(read).transpose()?,
        hello: config.helo.clone(),
        messages_per_connection: config.messages_per_connection.get(),
        timeouts: Timeouts {
            connect: config.connect_timeout.0,
            command: config.command_timeout.0,
            body: config.body_timeout.0,
            dot: config.final_timeout.0,
        },
    };
    Relay::new(settings).map_err(|error| Blamed { key: key_of(&error), what: error.to_string() })
}

fn key_of(error: &InvalidRelay) -> &'static str {
    match error {
        InvalidRelay::Scheme(_) | InvalidRelay::Host | InvalidRelay::Userinfo | InvalidRelay::Path => "relay.url",
        InvalidRelay::CredentialsInTheClear | InvalidRelay::Tls(_) => "relay.tls",
        InvalidRelay::NoMessages => "relay.messages_per_connection",
        InvalidRelay::Hello(_) => "relay.helo",
        InvalidRelay::Certificates(_) => "relay.certificates",
    }
}
