//! The relays, or the folders in their place, as the configuration means them.

use std::collections::BTreeMap;
use std::fs;

use campaigns::NewRelay;
use limits::WarmUp;
use secrecy::ExposeSecret;
use sender::relay::{Credentials, InvalidRelay, Policy, Proof, Relay, Settings, Timeouts};
use sender::service::{self, InvalidService, Service};
use sender::{Folder, Outlet, Route};

use crate::config::{self, Config, RelayAuth, RelayTls, unknown_provider};

/// Why the settings mean no relay, and which key is to blame.
#[derive(Debug)]
pub(crate) struct Blamed {
    pub(crate) key: String,
    pub(crate) what: String,
}

/// A relay's settings, and the section that they stand in.
#[derive(Copy, Clone)]
pub(crate) struct Section<'a> {
    config: &'a config::Relay,
    /// The name of one of several.
    pub(crate) name: Option<&'a str>,
}

/// Every relay's settings: the one, or those with names.
pub(crate) fn sections(config: &Config) -> Vec<Section<'_>> {
    if config.relays.is_empty() {
        return vec![Section { config: &config.relay, name: None }];
    }
    config.relays.iter().map(|(name, config)| Section { config, name: Some(name) }).collect()
}

/// Where mail goes, if the settings of every relay fit each other; all that is wrong otherwise.
pub(crate) fn outlets(config: &Config) -> Result<Vec<Outlet>, Vec<Blamed>> {
    let (mut outlets, mut blamed) = (Vec::new(), Vec::new());
    for section in sections(config) {
        match section.outlet() {
            Ok(outlet) => outlets.push(outlet),
            Err(error) => blamed.push(error),
        }
    }
    if blamed.is_empty() { Ok(outlets) } else { Err(blamed) }
}

/// The limits of relays that have their own, by the relays' names.
pub(crate) fn limits<'a>(config: &Config, outlets: &'a [Outlet]) -> impl Iterator<Item = (&'a str, limits::Limit)> {
    let limits: Vec<_> = sections(config).into_iter().map(|section| section.config.limit.clone()).collect();
    outlets.iter().map(|outlet| outlet.name.as_str()).zip(limits).filter(|(_, limit)| !limit.is_none())
}

/// How the relays are warmed up that are, by the relays' names.
pub(crate) fn warm_ups(config: &Config, outlets: &[Outlet]) -> BTreeMap<String, WarmUp> {
    let plans = sections(config).into_iter().map(|section| section.config.warm_up.clone());
    outlets.iter().zip(plans).filter_map(|(outlet, plan)| Some((outlet.name.clone(), plan?))).collect()
}

/// The relays that are warmed up, as a launch needs to know them.
pub(crate) fn new_relays(config: &Config) -> Vec<NewRelay> {
    // What is wrong with a relay is told when the program starts.
    let outlets = outlets(config).unwrap_or_default();
    let mut warm_ups = warm_ups(config, &outlets);
    let new = |Outlet { name, brands, .. }: Outlet| Some(NewRelay { warm_up: warm_ups.remove(&name)?, name, brands });
    outlets.into_iter().filter_map(new).collect()
}

/// A relay as people are told of it: by its name, and by its address where that says more.
pub(crate) fn named(name: &str, route: &Route) -> String {
    let address = route.name();
    if name == address { address } else { format!("{name} ({address})") }
}

impl Section<'_> {
    pub(crate) fn outlet(self) -> Result<Outlet, Blamed> {
        let config = self.config;
        if let Some(what) = config.warm_up.as_ref().and_then(|plan| unknown_provider(plan.providers.keys())) {
            return Err(self.blamed("warm_up", what));
        }
        let route = match &config.url {
            url if url.scheme() == "file" => Route::from(self.folder()?),
            url if Service::is_meant_by(url) => self.service()?.into(),
            _ => self.relay()?.into(),
        };
        let outlet = Outlet::new(route, config.connections.get());
        Ok(Outlet {
            name: self.name.map_or(outlet.name, str::to_owned),
            priority: config.priority,
            weight: config.weight.get(),
            brands: config.brands.clone(),
            ..outlet
        })
    }

    /// What logs in there.
    pub(crate) fn auth(self) -> RelayAuth {
        self.config.auth
    }

    /// The whole name of one of its keys.
    pub(crate) fn key(self, key: &str) -> String {
        self.name.map_or_else(|| format!("relay.{key}"), |name| format!("relays.{name}.{key}"))
    }

    fn blamed(self, key: &str, what: impl Into<String>) -> Blamed {
        Blamed { key: self.key(key), what: what.into() }
    }

    fn folder(self) -> Result<Folder, Blamed> {
        if self.credentials()?.is_some() {
            return Err(self.blamed("username", "a folder takes no login"));
        }
        Folder::new(&self.config.url).map_err(|error| self.blamed("url", error.to_string()))
    }

    fn service(self) -> Result<Service, Blamed> {
        let config = self.config;
        if config.auth != RelayAuth::Password || config.token_file.is_some() {
            let what = format!("a mail service is told its key by {}", self.key("password"));
            return Err(self.blamed(if config.token_file.is_some() { "token_file" } else { "auth" }, what));
        }
        let settings = service::Settings {
            url: config.url.clone(),
            key_id: config.username.clone(),
            secret: config.password.clone(),
            certificates: self.certificates()?,
            messages_per_connection: config.messages_per_connection.get(),
            timeouts: self.timeouts(),
        };
        Service::new(settings).map_err(|error| self.blamed(key_of_service(&error), error.to_string()))
    }

    fn certificates(self) -> Result<Option<Vec<u8>>, Blamed> {
        let read = |path: &std::path::PathBuf| {
            let what = |error| format!("the file {} cannot be read: {error}", path.display());
            fs::read(path).map_err(|error| self.blamed("certificates", what(error)))
        };
        self.config.certificates.as_ref().map(read).transpose()
    }

    fn timeouts(self) -> Timeouts {
        let config = self.config;
        Timeouts {
            connect: config.connect_timeout.0,
            command: config.command_timeout.0,
            body: config.body_timeout.0,
            dot: config.final_timeout.0,
        }
    }

    fn relay(self) -> Result<Relay, Blamed> {
        let config = self.config;
        let settings = Settings {
            url: config.url.clone(),
            policy: match config.tls {
                RelayTls::None => Policy::None,
                RelayTls::Opportunistic => Policy::Opportunistic,
                RelayTls::Required => Policy::Required,
            },
            credentials: self.credentials()?,
            certificates: self.certificates()?,
            hello: config.helo.clone(),
            messages_per_connection: config.messages_per_connection.get(),
            timeouts: self.timeouts(),
        };
        Relay::new(settings).map_err(|error| self.blamed(key_of(&error), error.to_string()))
    }

    /// The login, if there is to be one. A token's file is not looked at: who renews it may start after us.
    fn credentials(self) -> Result<Option<Credentials>, Blamed> {
        let config = self.config;
        let (username, password, token_file) = (self.key("username"), self.key("password"), self.key("token_file"));
        let (login, secret) = (!config.username.is_empty(), !config.password.expose_secret().is_empty());
        let proof = match (config.auth, &config.token_file) {
            (RelayAuth::Password, Some(_)) => {
                let what = format!("a token is for {} = \"xoauth2\"", self.key("auth"));
                return Err(self.blamed("token_file", what));
            }
            (RelayAuth::Password, None) if login != secret => {
                let what = format!("a login takes {username} and {password}, both or neither");
                return Err(self.blamed(if login { "password" } else { "username" }, what));
            }
            (RelayAuth::Password, None) => Proof::Password(config.password.clone()),
            (RelayAuth::Xoauth2, _) if secret => {
                let what = format!("xoauth2 takes {token_file} in the place of a password");
                return Err(self.blamed("password", what));
            }
            (RelayAuth::Xoauth2, Some(file)) if login => Proof::TokenFile(file.clone()),
            (RelayAuth::Xoauth2, _) => {
                let what = format!("xoauth2 takes {username} and {token_file}");
                return Err(self.blamed(if login { "token_file" } else { "username" }, what));
            }
        };
        Ok(login.then(|| Credentials { user: config.username.clone(), proof }))
    }
}

fn key_of_service(error: &InvalidService) -> &'static str {
    match error {
        InvalidService::Host
        | InvalidService::Userinfo
        | InvalidService::Path(_)
        | InvalidService::Option { .. }
        | InvalidService::InTheClear => "url",
        InvalidService::NoSecret(_) | InvalidService::UnprintableSecret => "password",
        InvalidService::KeyId { .. } => "username",
        InvalidService::NoMessages => "messages_per_connection",
        InvalidService::Tls(error) => key_of(error),
    }
}

fn key_of(error: &InvalidRelay) -> &'static str {
    match error {
        InvalidRelay::Scheme(_) | InvalidRelay::Host | InvalidRelay::Userinfo | InvalidRelay::Path => "url",
        InvalidRelay::CredentialsInTheClear | InvalidRelay::Tls(_) => "tls",
        InvalidRelay::NoMessages => "messages_per_connection",
        InvalidRelay::Hello(_) => "helo",
        InvalidRelay::Certificates(_) => "certificates",
    }
}
