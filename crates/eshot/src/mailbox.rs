//! The mailboxes that returned mail is read from, as the configuration means them.

use std::fs;

use feedback::imap::{InvalidMailbox, Mailbox, Server, Settings};

use crate::config::{self, Config};
use crate::relay::Blamed;

/// The name of the only one.
const ONLY: &str = "mailbox";

/// Every mailbox that is to be read; or all that is wrong with their settings.
pub(crate) fn mailboxes(config: &Config) -> Result<Vec<Mailbox>, Vec<Blamed>> {
    let only = config.mailboxes.is_empty().then_some((ONLY, &config.mailbox));
    let named = config.mailboxes.iter().map(|(name, mailbox)| (name.as_str(), mailbox));
    let (mut mailboxes, mut blamed) = (Vec::new(), Vec::new());
    for (name, settings) in only.into_iter().chain(named) {
        let path =
            if name == ONLY && config.mailboxes.is_empty() { ONLY.to_owned() } else { format!("mailboxes.{name}") };
        match mailbox(name, settings, config.feedback.message_limit.get()) {
            Ok(found) => mailboxes.extend(found),
            Err((key, what)) => blamed.push(Blamed { key: format!("{path}.{key}"), what }),
        }
    }
    if blamed.is_empty() { Ok(mailboxes) } else { Err(blamed) }
}

/// One of them, unless it has no address; or the key that is to blame, and why.
fn mailbox(name: &str, config: &config::Mailbox, size: usize) -> Result<Option<Mailbox>, (&'static str, String)> {
    let Some(url) = &config.url else {
        let words = "a login is given and no mailbox; say where it is, as in url = \"imaps://HOST\"";
        return if config.username.is_empty() { Ok(None) } else { Err(("url", words.to_owned())) };
    };
    for (key, span) in [("poll", config.poll), ("timeout", config.timeout)] {
        if span.0.is_zero() {
            return Err((key, "this must be longer than no time; \"1m\" is usual".to_owned()));
        }
    }
    let read = |path: &std::path::PathBuf| {
        fs::read(path).map_err(|error| ("certificates", format!("the file {} cannot be read: {error}", path.display())))
    };
    let folder = |key: &'static str, name: &str| name.parse().map_err(|error: InvalidMailbox| (key, error.to_string()));
    let settings = Settings {
        name: name.to_owned(),
        server: Server::of(url).map_err(|error| ("url", error.to_string()))?,
        username: config.username.clone(),
        password: config.password.clone(),
        certificates: config.certificates.as_ref().map(read).transpose()?,
        processed: folder("processed", &config.processed)?,
        unreadable: folder("unreadable", &config.unreadable)?,
        size,
        poll: config.poll.0,
        patience: config.timeout.0,
    };
    Mailbox::new(settings).map(Some).map_err(|error| (key_of(&error, config), error.to_string()))
}

fn key_of(error: &InvalidMailbox, config: &config::Mailbox) -> &'static str {
    match error {
        InvalidMailbox::Login if config.username.is_empty() => "username",
        InvalidMailbox::Login => "password",
        InvalidMailbox::LineEnd | InvalidMailbox::Username(_) => "username",
        InvalidMailbox::OneFolder | InvalidMailbox::Folder(_) => "unreadable",
        InvalidMailbox::Certificates(_) => "certificates",
        InvalidMailbox::Scheme(_)
        | InvalidMailbox::InTheClear
        | InvalidMailbox::Host
        | InvalidMailbox::Path
        | InvalidMailbox::Userinfo
        | InvalidMailbox::Tls(_) => "url",
    }
}
