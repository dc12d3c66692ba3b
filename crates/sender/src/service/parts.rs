use mail_parser::MessageParser;

use crate::connection::{Message, Unfit};

/// A name and an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) name: Option<String>,
    pub(super) address: String,
}

/// A composed message taken apart again, for services that put messages together themselves. What it is made of stays as we made it;
/// encoding and signature are theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) from: Mailbox,
    /// The name of whom it is for; the address is the envelope's.
    pub(super) to_name: Option<String>,
    pub(super) reply_to: Option<Mailbox>,
    pub(super) subject: String,
    /// With its angle brackets.
    pub(super) message_id: String,
    pub(super) text: String,
    pub(super) html: String,
    /// All others that are not MIME's, in their order: List-Unsubscribe, Feedback-ID and their like.
    pub(super) headers: Vec<(String, String)>,
}

/// What a service writes itself from what it is told, or by its own clock; and what holds good only under our signature (RFC 9477 §3.1),
/// which it takes away.
const ITS_OWN: &[&str] = &[
    "from",
    "to",
    "subject",
    "reply-to",
    "date",
    "message-id",
    "dkim-signature",
    "mime-version",
    "cfbl-address",
    "cfbl-feedback-id",
];

impl Parts {
    pub(super) fn of(message: &Message) -> Result<Self, Unfit> {
        let parsed = MessageParser::default().parse(&message.raw).ok_or(Unfit::Message)?;
        let mailbox = |address: Option<&mail_parser::Address<'_>>| {
            let first = address?.first()?;
            Some(Mailbox { name: first.name().map(str::to_owned), address: first.address()?.to_owned() })
        };
        let body =
            |part: Option<std::borrow::Cow<'_, str>>| part.map(std::borrow::Cow::into_owned).ok_or(Unfit::Message);
        let kept = |name: &str| !ITS_OWN.contains(&name) && !name.starts_with("content-");
        Ok(Self {
            from: mailbox(parsed.from()).ok_or(Unfit::Message)?,
            to_name: mailbox(parsed.to()).and_then(|to| to.name),
            reply_to: mailbox(parsed.reply_to()),
            subject: parsed.subject().unwrap_or_default().to_owned(),
            message_id: format!("<{}>", parsed.message_id().ok_or(Unfit::Message)?),
            text: body(parsed.body_text(0))?,
            html: body(parsed.body_html(0))?,
            headers: parsed
                .headers_raw()
                .filter(|(name, _)| kept(&name.to_ascii_lowercase()))
                .map(|(name, value)| (name.to_owned(), unfolded(value)))
                .collect(),
        })
    }
}

impl Mailbox {
    /// As a header has it: the name in quotes (RFC 5322 §3.2.4), for who reads it as one.
    pub(super) fn quoted(&self) -> String {
        match self.name.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => format!("\"{}\" <{}>", name.replace('\\', "\\\\").replace('"', "\\\""), self.address),
            None => self.address.clone(),
        }
    }
}

/// A header's value on one line (RFC 5322 §2.2.3).
fn unfolded(value: &str) -> String {
    value.replace("\r\n", "").replace('\t', " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_apart_as_it_was_put_together() {
        let raw = "From: =?utf-8?B?Q2Fmw6k=?= <news@example.com>\r\nTo: Ada <ada@example.com>\r\nSubject: =?utf-8?B?Q2Fmw6k=?=\r\n\
            Date: Mon, 2 Mar 2026 09:30:00 +0000\r\nMessage-ID: <m-1@example.com>\r\nReply-To: office@example.com\r\n\
            List-Unsubscribe: <https://news.example.com/u/1>,\r\n <mailto:u-1@example.com>\r\n\
            List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFeedback-ID: 1:acme:campaign:eshot\r\n\
            DKIM-Signature: v=1\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
            --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nCaf=C3=A9\r\n\
            --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Caf=C3=A9</p>\r\n\
            --b--\r\n";
        let message = Message {
            return_path: "b@example.com".parse().unwrap(),
            recipient: "ada@example.com".parse().unwrap(),
            envid: "e7token".to_owned(),
            raw: raw.as_bytes().to_vec(),
        };
        let parts = Parts::of(&message).unwrap();
        assert_eq!(parts.from.quoted(), "\"Café\" <news@example.com>");
        assert_eq!((parts.to_name.as_deref(), parts.subject.as_str()), (Some("Ada"), "Café"));
        assert_eq!(parts.reply_to.unwrap().quoted(), "office@example.com");
        assert_eq!(
            (parts.message_id.as_str(), parts.text.trim(), parts.html.trim()),
            ("<m-1@example.com>", "Café", "<p>Café</p>")
        );
        let headers: Vec<_> = parts.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            headers,
            [
                "List-Unsubscribe: <https://news.example.com/u/1>, <mailto:u-1@example.com>",
                "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
                "Feedback-ID: 1:acme:campaign:eshot"
            ]
        );
        assert_eq!(Parts::of(&Message { raw: b"x".to_vec(), ..message }), Err(Unfit::Message));
    }

    #[test]
    fn a_name_cannot_end_its_quotes() {
        let mailbox =
            Mailbox { name: Some("A\" <eve@example.com>, \\".to_owned()), address: "ada@example.com".to_owned() };
        assert_eq!(mailbox.quoted(), "\"A\\\" <eve@example.com>, \\\\\" <ada@example.com>");
    }
}
