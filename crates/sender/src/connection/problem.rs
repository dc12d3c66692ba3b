use std::error::Error as _;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use domain::{EnhancedStatus, SmtpReply};
use lettre::transport::smtp::Error;

/// What can go wrong with a connection.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The relay said no.
    #[error("the relay answered {0}")]
    Refused(SmtpReply),
    /// The relay said no to the access token, and by its challenge why.
    #[error("the relay answered {reply} (the access token's status: {status})")]
    TokenRefused {
        /// The reply.
        reply: SmtpReply,
        /// A number as in HTTP, or a word as in RFC 7628 §3.2.2.
        status: String,
    },
    /// The file that is to hold the access token holds none.
    #[error("there is no access token in {}: {why}", file.display())]
    NoToken {
        /// The file.
        file: PathBuf,
        /// What is in the way; nothing of what stands in the file.
        why: String,
    },
    /// The folder in the place of a relay cannot be written to.
    #[error("the folder takes no file: {0}")]
    Folder(io::Error),
    /// The relay said nothing.
    #[error("the relay did not answer within {0:?}")]
    TimedOut(Duration),
    /// The name has no address.
    #[error("the name {0} has no address")]
    NoAddress(String),
    /// The connection could not be made, or broke.
    #[error("the connection failed")]
    Network(#[source] io::Error),
    /// The relay closed the connection.
    #[error("the relay closed the connection without a word")]
    Closed,
    /// The connection cannot be encrypted.
    #[error("no encryption: {0}")]
    Tls(String),
    /// The settings need what the relay does not have.
    #[error("the relay does not offer {0}")]
    NotOffered(&'static str),
    /// The relay speaks, but not SMTP.
    #[error("the relay's answer makes no sense: {0}")]
    Garbled(String),
    /// We gave up waiting because we are to stop.
    #[error("the relay had not answered when eshot had to stop")]
    Cut,
}

impl Problem {
    /// What lettre means.
    pub(super) fn from_lettre(error: &Error) -> Self {
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        if let Some(code) = error.status() {
            return Self::Refused(reply(u16::from(code), &cause));
        }
        if error.is_response() {
            return if cause == "incomplete response" { Self::Closed } else { Self::Garbled(cause) };
        }
        match io_error(error) {
            Some(io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                Self::Closed
            }
            Some(kind) => Self::Network(kind.into()),
            None => Self::Garbled(cause),
        }
    }

    /// The reply, if there was one.
    pub fn reply(&self) -> Option<&SmtpReply> {
        match self {
            Self::Refused(reply) | Self::TokenRefused { reply, .. } => Some(reply),
            _ => None,
        }
    }
}

/// A reply of several lines as one: every line of a refusal may begin with the same enhanced status (RFC 2034 §4).
pub(super) fn reply(code: u16, lines: &str) -> SmtpReply {
    let mut text = String::new();
    for (at, line) in lines.lines().enumerate() {
        let line = line.trim();
        let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
        let line = if at > 0 && first.parse::<EnhancedStatus>().is_ok() { rest } else { line };
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{line}", if at > 0 { " " } else { "" });
    }
    SmtpReply::new(code, &text)
}

/// The innermost cause, which is the one that says something.
pub(crate) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn io_error(error: &Error) -> Option<io::ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_every_line_repeats_is_said_once() {
        let reply = reply(550, "5.7.25 [203.0.113.1] The IP address has no\n5.7.25 PTR record.");
        assert_eq!(reply.to_string(), "550 5.7.25 [203.0.113.1] The IP address has no PTR record.");
    }
}
