use std::fmt;
use std::net::IpAddr;

use rustls_pki_types::ServerName;
use url::Url;

use super::InvalidMailbox;

/// Where a mailbox is kept, and how the connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    security: Security,
    host: String,
    port: u16,
}

/// How a connection is encrypted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Security {
    /// From the first byte (RFC 8314 §3.2): `imaps://HOST`.
    Implicit,
    /// By STARTTLS, or nothing is said (RFC 9051 §6.2.1): `imap+starttls://HOST`.
    StartTls,
    /// Not at all, which is for a server on the same machine: `imap://127.0.0.1`.
    None,
}

impl Server {
    /// The server that an address names. One that would be told a password in the clear over a network is refused.
    pub fn of(url: &Url) -> Result<Self, InvalidMailbox> {
        let security = match url.scheme() {
            "imaps" => Security::Implicit,
            "imap+starttls" => Security::StartTls,
            "imap" => Security::None,
            other => return Err(InvalidMailbox::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidMailbox::Userinfo);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidMailbox::Path);
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        if ServerName::try_from(host.as_str()).is_err() {
            return Err(InvalidMailbox::Host);
        }
        let server = Self { security, port: url.port().unwrap_or(security.default_port()), host };
        if security == Security::None && !server.is_here() {
            return Err(InvalidMailbox::InTheClear);
        }
        Ok(server)
    }

    pub(super) const fn security(&self) -> Security {
        self.security
    }

    /// What to connect to.
    pub(super) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The name that its certificate must have.
    pub(super) fn name(&self) -> Result<ServerName<'static>, InvalidMailbox> {
        ServerName::try_from(self.host.clone()).map_err(|_| InvalidMailbox::Host)
    }

    /// The name of the machine.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl Security {
    const fn default_port(self) -> u16 {
        match self {
            Self::Implicit => 993,
            Self::StartTls | Self::None => 143,
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        Server::of(&text.parse().unwrap()).map(|server| server.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_is_told_by_its_address() {
        for (text, server) in [
            ("imaps://Mail.example.com", "mail.example.com:993"),
            ("imap+starttls://mail.example.com/", "mail.example.com:143"),
            ("imaps://mail.example.com:9993", "mail.example.com:9993"),
            ("imap://127.0.0.1:1143", "127.0.0.1:1143"),
            ("imap://[::1]", "[::1]:143"),
            ("imap://localhost", "localhost:143"),
        ] {
            assert_eq!(read(text), Ok(server.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_server_is_told_what_would_be_right() {
        for (text, word) in [
            ("imap://mail.example.com", "imaps://"),
            ("imap://192.0.2.1", "imaps://"),
            ("pop3s://mail.example.com", "imaps://"),
            ("imaps://ada@mail.example.com", "username"),
            ("imaps://mail.example.com/INBOX", "imaps://HOST:PORT"),
            ("imaps:///", "imaps://HOST:PORT"),
        ] {
            assert!(read(text).unwrap_err().contains(word), "{text}: {:?}", read(text));
        }
    }
}
