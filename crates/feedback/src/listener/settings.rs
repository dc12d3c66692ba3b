use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use domain::EmailAddress;
use tokio_rustls::rustls::ServerConfig;

/// How the listener behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name that it greets with: the MX of the bounce domains.
    pub hostname: String,
    /// The addresses that are taken without a token: postmaster, abuse, those given to feedback loops.
    pub fixed: Vec<EmailAddress>,
    /// The largest mail, in octets (RFC 1870).
    pub size: usize,
    /// How many octets of mails may be under way at once, in all connections together. Never less than one mail.
    pub memory: usize,
    /// How many connections at once.
    pub connections: usize,
    /// How many of them from one client: an IPv4 address, or a /64 of IPv6. A Unix socket's clients are one, this machine.
    pub connections_per_client: usize,
    /// How many connections a client may begin in a minute.
    pub connections_per_minute: NonZeroU32,
    /// How many wrong commands and unknown recipients a connection may have before it is closed.
    pub errors: u32,
    /// How long whoever asks for an address that is not ours waits for the answer. It doubles with each, up to half a minute,
    /// over all connections of the client, and begins anew after ten minutes. An own mail server, which hands over by LMTP what others sent, never waits.
    pub tarpit: Duration,
    /// How long a client may take for a command, or for the next piece of a mail (RFC 5321 §4.5.3.2.7 asks for five
    /// minutes). A whole mail may take twice that.
    pub patience: Duration,
    /// How long a connection may last, whatever it does.
    pub lifetime: Duration,
    /// How long connections may go on after a shutdown began.
    pub grace: Duration,
    /// The certificate for STARTTLS; none: it is not offered.
    pub tls: Option<Arc<ServerConfig>>,
}

impl Settings {
    /// What suits a machine that takes returned mail for itself.
    pub fn new(hostname: &str) -> Self {
        Self {
            hostname: hostname.to_owned(),
            fixed: Vec::new(),
            size: 1 << 20,
            memory: 32 << 20,
            connections: 100,
            connections_per_client: 50,
            connections_per_minute: NonZeroU32::MIN.saturating_add(599),
            errors: 10,
            tarpit: Duration::from_secs(1),
            patience: Duration::from_secs(300),
            lifetime: Duration::from_secs(3_600),
            grace: Duration::from_secs(10),
            tls: None,
        }
    }
}
