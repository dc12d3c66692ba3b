/// Why settings mean no relay.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRelay {
    /// The URL's scheme is of no kind that we speak.
    #[error("a relay's URL begins with smtp://, smtp+starttls:// or smtps://, not {0}://")]
    Scheme(String),
    /// The URL names no host.
    #[error("a relay's URL names a host, as in smtp://mail.example.com:25")]
    Host,
    /// The URL holds a name or a password, which would then stand wherever the URL is shown.
    #[error("a relay's URL holds no login; name and password have settings of their own")]
    Userinfo,
    /// The URL holds more than it means.
    #[error("a relay's URL ends with host and port")]
    Path,
    /// A password or a token would be sent where others could read or take it.
    #[error(
        "a login needs an encrypted connection with a verified certificate: smtps://, smtp+starttls://, or tls = \"required\""
    )]
    CredentialsInTheClear,
    /// A connection that carries no message is of no use.
    #[error("a connection carries at least one message")]
    NoMessages,
    /// The greeting would not be understood.
    #[error("we greet with a host name such as mail.example.com, not {0:?}")]
    Hello(String),
    /// The file of certificates holds none.
    #[error("the certificates to trust are no PEM certificates")]
    Certificates(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}
