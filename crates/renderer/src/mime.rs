//! From a rendered mail to the bytes of a message (RFC 5322, RFC 2045).

mod body;
mod header;
pub(crate) mod parts;
pub(crate) mod quoted_printable;

use chrono::{DateTime, Utc};
use domain::{EmailAddress, MailKind};
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::MultiPart;
use lettre::message::header::ContentType;
use url::Url;

pub(crate) use self::body::{encoding, normalised};
use crate::Rendered;

/// What stands above the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// Decides on `Precedence` and `Auto-Submitted`.
    pub kind: MailKind,
    /// Who the mail is from.
    pub from: Mailbox,
    /// Where answers go, when not to `from`.
    pub reply_to: Option<Mailbox>,
    /// Who gets it.
    pub to: Mailbox,
    /// The Message-ID without angle brackets, as `links::message_id` gives it.
    pub message_id: String,
    /// When it was sent.
    pub date: DateTime<Utc>,
    /// The headers of a mailing list; every mail that can be unsubscribed from has them.
    pub list: Option<ListHeaders>,
}

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name; control characters in it are dropped.
    pub name: Option<String>,
    /// The address.
    pub address: EmailAddress,
}

/// RFC 2369, RFC 2919, RFC 8058, RFC 9477 and Google's `Feedback-ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListHeaders {
    /// The https address that takes a one-click POST.
    pub unsubscribe: Url,
    /// The address that takes a mail instead.
    pub unsubscribe_mailto: EmailAddress,
    /// What people call the list, e.g. the topic's public name.
    pub name: String,
    /// `label.domain`, the same for every campaign of a topic (RFC 2919 §3).
    pub id: String,
    /// `campaign:customer:type:SenderId`, if the installation has one.
    pub feedback_id: Option<String>,
    /// Where complaints about the mail go, if they are asked for.
    pub cfbl: Option<Cfbl>,
}

/// Where mailbox providers may send complaints (RFC 9477).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cfbl {
    /// The address that takes them, as RFC 5965 reports.
    pub address: EmailAddress,
    /// What a report brings back, so that it tells which message it is about.
    pub feedback_id: String,
}

/// Why headers make no message.
#[derive(Debug, thiserror::Error)]
pub enum MimeError {
    /// lettre does not take the address.
    #[error("{} is no address that a header can hold", .0.masked())]
    Address(EmailAddress),
    /// Something that goes into a header as it is has characters that do not belong there.
    #[error("{header} cannot be {value:?}: it is printable ASCII without blanks")]
    Header {
        /// The header.
        header: &'static str,
        /// What was to go into it.
        value: String,
    },
    /// lettre does not make a message of it.
    #[error("the message cannot be built")]
    Build(#[from] lettre::error::Error),
}

/// The bytes of a message: multipart/alternative, text first, 7-bit, CRLF. The same input gives the same bytes.
///
/// It is lettre's builder that writes it; many messages from one template are written faster by
/// [`Segments`](crate::Segments).
pub fn message(rendered: &Rendered, headers: &Headers) -> Result<Vec<u8>, MimeError> {
    let envelope = Envelope::new(Some(headers.from.to_lettre()?), vec![headers.to.to_lettre()?])?;
    let mut builder = Message::builder().envelope(envelope);
    let mut head = Vec::with_capacity(12);
    header::write(headers, &rendered.subject, &mut head)?;
    for field in head {
        builder = builder.raw_header(field);
    }
    let parts = MultiPart::alternative()
        .boundary(body::boundary(&headers.message_id))
        .singlepart(body::part(ContentType::TEXT_PLAIN, &rendered.text))
        .singlepart(body::part(ContentType::TEXT_HTML, &rendered.html));
    Ok(builder.multipart(parts)?.formatted())
}

impl Mailbox {
    fn to_lettre(&self) -> Result<lettre::Address, MimeError> {
        self.address.to_lettre().map_err(|_| MimeError::Address(self.address.clone()))
    }
}
