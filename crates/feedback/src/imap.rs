//! Returned mail that lies in a mailbox, read over IMAP (RFC 9051, RFC 3501): each mail is dealt with as the listener's are, and only
//! when that is committed moved to another folder. Nothing is ever deleted.

mod error;
mod folder;
mod guarded;
mod memory;
mod opening;
mod role;
mod round;
mod run;
mod server;
mod session;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::EmailAddress;
use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::TlsConnector;

pub use error::{Error, InvalidMailbox};
pub use folder::Folder;
pub use guarded::Excess;
pub use run::Reader;
pub use server::Server;

/// A mailbox, and how it is read.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name that it goes by here: in the log, and among instances, of which one reads it.
    pub name: String,
    /// Where it is kept.
    pub server: Server,
    /// Who logs in.
    pub username: String,
    /// And by what.
    pub password: SecretString,
    /// Certificates (PEM) that are trusted beside the system's.
    pub certificates: Option<Vec<u8>>,
    /// Where mail goes that was dealt with.
    pub processed: Folder,
    /// Where mail goes that is too large to be kept whole, or cannot be read.
    pub unreadable: Folder,
    /// How much of a mail is read and kept, in octets.
    pub size: usize,
    /// How often it is looked for mail where the server does not tell by itself (IDLE, RFC 2177); and how often that is asked for anew
    /// where it does.
    pub poll: Duration,
    /// How long the server may take for a command, whatever it is.
    pub patience: Duration,
}

/// A mailbox that can be read.
#[derive(Clone)]
pub struct Mailbox {
    settings: Arc<Settings>,
    /// Whom mail is for of which no header says so.
    address: EmailAddress,
    tls: TlsConnector,
}

/// What is found in a mailbox.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// How many mails lie in INBOX.
    pub waiting: u32,
    /// Whether the server tells by itself that a mail has come.
    pub tells: bool,
}

impl Mailbox {
    /// The mailbox of these settings, if they fit each other.
    pub fn new(settings: Settings) -> Result<Self, InvalidMailbox> {
        let password = settings.password.expose_secret();
        if settings.username.is_empty() || password.is_empty() {
            return Err(InvalidMailbox::Login);
        }
        if settings.username.contains(['\r', '\n', '\0']) || password.contains(['\r', '\n', '\0']) {
            return Err(InvalidMailbox::LineEnd);
        }
        // Some servers tell folders apart by case, and some do not.
        if settings.processed.to_string().eq_ignore_ascii_case(&settings.unreadable.to_string()) {
            return Err(InvalidMailbox::OneFolder);
        }
        let address = address(&settings.username, settings.server.host())?;
        let tls = tls::connector(settings.certificates.as_deref())?;
        Ok(Self { settings: Arc::new(settings), address, tls })
    }

    /// The name that it goes by here.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Where it is kept.
    pub fn server(&self) -> &Server {
        &self.settings.server
    }

    /// Logs in and looks, and changes nothing.
    pub async fn probe(&self) -> Result<Found, Error> {
        let mut session = opening::open(&self.settings, &self.tls).await?;
        let waiting = session.examine().await?;
        let found = Found { waiting, tells: session.can_idle() };
        session.leave().await;
        Ok(found)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Most log in by their address.
fn address(username: &str, host: &str) -> Result<EmailAddress, InvalidMailbox> {
    let known = username.parse().or_else(|_| format!("{username}@{host}").parse());
    known.map_err(|_| InvalidMailbox::Username(username.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(username: &str, password: &str, unreadable: &str) -> Result<Mailbox, InvalidMailbox> {
        Mailbox::new(Settings {
            name: "returns".to_owned(),
            server: Server::of(&"imaps://mail.example.com".parse().unwrap()).unwrap(),
            username: username.to_owned(),
            password: password.into(),
            certificates: None,
            processed: "Processed".parse().unwrap(),
            unreadable: unreadable.parse().unwrap(),
            size: 1_000,
            poll: Duration::from_secs(60),
            patience: Duration::from_secs(60),
        })
    }

    #[test]
    fn a_mailbox_takes_a_whole_login_and_two_folders() {
        assert!(mailbox("returns", "opensesame", "Unreadable").is_ok());
        for (refused, why) in [
            (mailbox("", "opensesame", "Unreadable"), InvalidMailbox::Login),
            (mailbox("returns", "", "Unreadable"), InvalidMailbox::Login),
            (mailbox("returns", "open\r\na2 DELETE INBOX", "Unreadable"), InvalidMailbox::LineEnd),
            (mailbox("returns", "opensesame", "PROCESSED"), InvalidMailbox::OneFolder),
        ] {
            assert_eq!(refused.unwrap_err(), why);
        }
    }

    #[test]
    fn what_is_shown_for_debugging_holds_no_password() {
        assert!(!format!("{:?}", mailbox("returns", "opensesame", "Unreadable").unwrap()).contains("opensesame"));
    }

    #[test]
    fn a_mailbox_s_address_is_its_username_with_or_without_the_server_s_name() {
        let address = |username| address(username, "mail.example.com").map(|address| address.to_string());
        assert_eq!(address("returns@example.com"), Ok("returns@example.com".to_owned()));
        assert_eq!(address("returns"), Ok("returns@mail.example.com".to_owned()));
        assert_eq!(address("a b"), Err(InvalidMailbox::Username("a b".to_owned())));
    }
}
