use std::io;

use sea_orm::DbErr;

use super::Folder;
use super::guarded::Excess;
use crate::process;

/// Why settings mean no mailbox.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMailbox {
    /// The address begins with something else.
    #[error("a mailbox is read by imaps:// (TLS from the first byte) or imap+starttls://, not {0}://")]
    Scheme(String),
    /// A password would be told in the clear over a network.
    #[error(
        "imap:// tells the password to everybody on the way: it is for a server on this machine only; say imaps:// or \
         imap+starttls://"
    )]
    InTheClear,
    /// There is no name of a server in it.
    #[error("a mailbox's address looks like imaps://HOST:PORT")]
    Host,
    /// There is more behind the server.
    #[error("a mailbox's address looks like imaps://HOST:PORT, with nothing behind it: what is read is always INBOX")]
    Path,
    /// A login stands in the address.
    #[error("a login is given by username and password, not in the address")]
    Userinfo,
    /// No folder can be called that.
    #[error(
        "{0:?} is no folder to put mail into: its name is made of ASCII letters, digits, blanks and such signs as . / - _, \
         and it is not INBOX"
    )]
    Folder(String),
    /// What was read and what cannot be read would be mixed.
    #[error("what was read and what cannot be read go to different folders")]
    OneFolder,
    /// Half a login.
    #[error("a login takes a username and a password")]
    Login,
    /// A line end in the login would be another command.
    #[error("neither a username nor a password has a line end in it")]
    LineEnd,
    /// Mail of which no header says whom it is for is that of the mailbox.
    #[error("the username is an address, or one together with the server's name; {0:?} is neither")]
    Username(String),
    /// The certificates cannot be read, or there is none.
    #[error("the certificates cannot be used: {0}")]
    Certificates(String),
    /// There is no encryption to be had.
    #[error("TLS cannot be had: {0}")]
    Tls(String),
}

/// Why a mailbox cannot be read for now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection.
    #[error("the server cannot be reached")]
    Connect(#[source] io::Error),
    /// The certificate is not believed, or the two do not agree how to encrypt.
    #[error("there is no encrypted connection to the server")]
    Tls(#[source] io::Error),
    /// It takes too long.
    #[error("the server does not answer in time")]
    TooSlow,
    /// It has gone.
    #[error("the server closed the connection")]
    Closed,
    /// The connection broke.
    #[error("the connection to the server broke")]
    Broken(#[source] io::Error),
    /// It says more than was asked for.
    #[error("the server was cut off")]
    TooMuch(#[from] Excess),
    /// What it says is no IMAP. It is not told here: it may be a part of somebody's mail.
    #[error("the server says what is no IMAP")]
    NoImap,
    /// It lets us in before we have said who we are, so it is not known whose mail this is.
    #[error("the server does not ask who we are (PREAUTH)")]
    Unasked,
    /// It does not want to.
    #[error("the server refuses {what}: {words}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// What it says to that.
        words: String,
    },
    /// The folder is not there and cannot be made.
    #[error("the folder {folder} is not there and cannot be made: {words}")]
    NoFolder {
        /// Which.
        folder: Folder,
        /// What the server says to that.
        words: String,
    },
    /// A mail that was read may be another one now, RFC 9051 §2.3.1.1; it could be the other one that is moved.
    #[error("the server does not say for how long its UIDs hold (UIDVALIDITY)")]
    NoUids,
    /// Nothing could be moved away without deleting what others have marked.
    #[error("the server offers neither MOVE (RFC 6851) nor UIDPLUS (RFC 4315), so nothing could be put away")]
    CannotMove,
    /// The database does not keep what was read.
    #[error("a returned mail cannot be kept")]
    Process(#[from] process::Error),
    /// The database does not say who may read.
    #[error("database failure")]
    Database(#[from] DbErr),
}

impl Error {
    /// Whether the login is to blame.
    pub fn is_login(&self) -> bool {
        matches!(self, Self::Refused { what, .. } if *what == LOGIN)
    }
}

/// The name of the login where it is refused.
pub(super) const LOGIN: &str = "the login";

/// A server's words at most.
const WORDS: usize = 200;

impl Error {
    /// What async-imap says. Its own words may hold whole mails, and are not told.
    pub(super) fn of(error: async_imap::error::Error, what: &'static str) -> Self {
        use async_imap::error::Error as Imap;
        match error {
            Imap::No(said) | Imap::Bad(said) => Self::Refused { what, words: words(&said) },
            Imap::ConnectionLost => Self::Closed,
            Imap::Io(error) => Self::from(error),
            _ => Self::NoImap,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        if let Some(excess) = error.get_ref().and_then(|inner| inner.downcast_ref::<Excess>()) {
            return Self::TooMuch(excess.clone());
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Closed,
            io::ErrorKind::Other => Self::NoImap,
            // The system's words, never the server's.
            kind => Self::Broken(kind.into()),
        }
    }
}

/// The server's words in async-imap's, which has them as they are shown for debugging.
fn words(said: &str) -> String {
    let text = said.rsplit_once("Some(\"").map_or(said, |(_, text)| text.trim_end_matches([')', '"', '}', ' ']));
    text.chars().filter(|char| !char.is_control()).take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_s_words_are_told_and_nothing_around_them() {
        let said = "code: None, info: Some(\"Authentication failed.\")";
        assert_eq!(words(said), "Authentication failed.");
        assert_eq!(
            words("outcome: ResponseOutcome { code: None, information: Some(\"No such mailbox\") }"),
            "No such mailbox"
        );
        assert_eq!(words(&"x\r\n".repeat(1_000)).len(), WORDS);
    }

    #[test]
    fn a_mail_that_cannot_be_parsed_is_not_told() {
        let parsing = io::Error::other("Error during parsing of \"* 1 FETCH Dear Ada\"");
        let error = Error::of(parsing.into(), "a mail");
        assert_eq!(format!("{error} {error:?}"), "the server says what is no IMAP NoImap");
    }
}
