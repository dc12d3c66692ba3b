//! The relay, or the folder in its place, as the configuration means it.

use std::fs;

use secrecy::ExposeSecret;
use sender::relay::{Credentials, InvalidRelay, Policy, Proof, Relay, Settings, Timeouts};
use sender::{Folder, Route};

use crate::config::{self, RelayAuth, RelayTls};

/// Why the settings mean no relay, and which key is to blame.
#[derive(Debug)]
pub(crate) struct Blamed {
    pub(crate) key: &'static str,
    pub(crate) what: String,
}

/// Where mail goes, if the settings fit each other.
pub(crate) fn route(config: &config::Relay) -> Result<Route, Blamed> {
    if config.url.scheme() != "file" {
        return relay(config).map(Route::from);
    }
    if credentials(config)?.is_some() {
        return Err(Blamed { key: "relay.username", what: "a folder takes no login".to_owned() });
    }
    let folder = Folder::new(&config.url);
    folder.map(Route::from).map_err(|error| Blamed { key: "relay.url", what: error.to_string() })
}

fn relay(config: &config::Relay) -> Result<Relay, Blamed> {
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
        credentials: credentials(config)?,
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

/// The login, if there is to be one. A token's file is not looked at: who renews it may start after us.
fn credentials(config: &config::Relay) -> Result<Option<Credentials>, Blamed> {
    let blamed = |key, what: &str| Err(Blamed { key, what: what.to_owned() });
    let (login, password) = (!config.username.is_empty(), !config.password.expose_secret().is_empty());
    let proof = match (config.auth, &config.token_file) {
        (RelayAuth::Password, Some(_)) => {
            return blamed("relay.token_file", "a token is for relay.auth = \"xoauth2\"");
        }
        (RelayAuth::Password, None) if login != password => {
            let key = if login { "relay.password" } else { "relay.username" };
            return blamed(key, "a login takes relay.username and relay.password, both or neither");
        }
        (RelayAuth::Password, None) => Proof::Password(config.password.clone()),
        (RelayAuth::Xoauth2, _) if password => {
            return blamed("relay.password", "xoauth2 takes relay.token_file in the place of a password");
        }
        (RelayAuth::Xoauth2, Some(file)) if login => Proof::TokenFile(file.clone()),
        (RelayAuth::Xoauth2, _) => {
            let key = if login { "relay.token_file" } else { "relay.username" };
            return blamed(key, "xoauth2 takes relay.username and relay.token_file");
        }
    };
    Ok(login.then(|| Credentials { user: config.username.clone(), proof }))
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
