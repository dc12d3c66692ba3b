use crate::relay::InvalidRelay;

/// Why settings mean no mail service.
#[derive(Debug, thiserror::Error)]
pub enum InvalidService {
    /// The URL names no host.
    #[error(
        "the URL of a mail service names its host, as in postmark://api.postmarkapp.com, or for Amazon SES its region, \
         as in ses://eu-west-1"
    )]
    Host,
    /// The URL holds a name or a password, which would then stand wherever the URL is shown.
    #[error("the URL of a mail service holds no credentials; they have settings of their own")]
    Userinfo,
    /// The URL lacks what is to be said in its path, or says something there.
    #[error("the URL of this mail service is {0}")]
    Path(&'static str),
    /// The URL asks for what this service does not have.
    #[error("the URL of this mail service takes {}, not {given:?}", wanted.map_or_else(|| "nothing behind a ?".to_owned(), |wanted| format!("?{wanted}=NAME")))]
    Option {
        /// What may be asked for.
        wanted: Option<&'static str>,
        /// What was.
        given: String,
    },
    /// Credentials would be sent where others could read them.
    #[error("mail services are spoken to over https; http is for this machine only")]
    InTheClear,
    /// Nobody is let in without.
    #[error("this mail service wants {0}")]
    NoSecret(&'static str),
    /// One of two halves is missing, or there is one too many.
    #[error("{}", if *wanted { "this mail service wants the id of an access key beside its secret" } else { "this mail service is told a key and no name" })]
    KeyId {
        /// Whether there has to be one.
        wanted: bool,
    },
    /// No header can hold it.
    #[error("a key is printable ASCII without blanks")]
    UnprintableSecret,
    /// A connection that carries no message is of no use.
    #[error("a connection carries at least one message")]
    NoMessages,
    /// The certificates to trust are none, or TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] InvalidRelay),
}
