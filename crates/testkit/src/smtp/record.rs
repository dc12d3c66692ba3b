use std::time::Instant;

/// A message that arrived whole: its final dot was read.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The envelope's sender, empty for `<>`.
    pub from: String,
    /// The parameters of MAIL FROM.
    pub parameters: Vec<String>,
    /// The envelope's recipients.
    pub to: Vec<Recipient>,
    /// The message as it was sent, dots unstuffed; empty where the script keeps no bodies.
    pub raw: Vec<u8>,
    /// When the final dot was read.
    pub at: Instant,
    /// Whether the dot was answered with 250, as the client should know.
    pub answered: bool,
    /// Which connection it came by, counted from 1.
    pub connection: usize,
    /// Whether that was encrypted.
    pub encrypted: bool,
    /// Who was logged in.
    pub user: Option<String>,
}

/// A recipient of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address as it was sent.
    pub address: String,
    /// The parameters of RCPT TO.
    pub parameters: Vec<String>,
}

impl Accepted {
    /// The first recipient's address.
    pub fn recipient(&self) -> &str {
        self.to.first().map_or("", |to| &to.address)
    }

    /// The message as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}
