/// The server's manners, fixed when it starts.
#[derive(Clone, Debug)]
pub struct Script {
    /// The extensions that EHLO offers, apart from STARTTLS and AUTH.
    pub extensions: Vec<String>,
    /// Whether and how connections are encrypted.
    pub encryption: Encryption,
    /// What it shows where they are.
    pub certificate: Certificate,
    /// Who may send: a name and a password, or the token of XOAUTH2. Without, nobody needs to log in.
    pub credentials: Option<(String, String)>,
    /// The ways to log in that it offers.
    pub mechanisms: Vec<String>,
    /// Closes a connection, without a word, when so many messages have come by it.
    pub messages_per_connection: Option<usize>,
    /// Whether message bodies and command lines are kept; counts always are.
    pub keep: bool,
}

/// How connections are encrypted.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Not.
    #[default]
    None,
    /// STARTTLS is offered.
    StartTls,
    /// TLS begins before the greeting.
    Implicit,
}

/// What the server's certificate is like. Every one is signed by itself.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost` and 127.0.0.1.
    #[default]
    Good,
    /// For another name.
    WrongName,
    /// Long past its time.
    Expired,
}

impl Default for Script {
    fn default() -> Self {
        let extensions = ["PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SMTPUTF8"];
        Self {
            extensions: extensions.map(str::to_owned).to_vec(),
            encryption: Encryption::None,
            certificate: Certificate::Good,
            credentials: None,
            mechanisms: ["PLAIN", "LOGIN"].map(str::to_owned).to_vec(),
            messages_per_connection: None,
            keep: true,
        }
    }
}

impl Script {
    /// Offers all but this extension.
    #[must_use]
    pub fn without(mut self, extension: &str) -> Self {
        self.extensions.retain(|offered| offered.split(' ').next() != Some(extension));
        self
    }
}
