//! The parts of a mail, read with bounds: how much, how many, how deep.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mail_parser::{Header, HeaderName, HeaderValue, Message, MessageParser, MessagePart, MimeHeaders, PartType};
use memchr::{memchr_iter, memchr2_iter};

use crate::fields::cut;

/// What stands behind is attachments; reports come first.
const SIZE: usize = 1 << 20;
/// Every part but the first has a Content-Type, and each level of nesting takes one. The parser frees a nested message by
/// recursion, so a mail of a thousand nested ones must not reach it whole.
const PARTS: usize = 64;
/// No mail has more fields in its head that say anything of it, nor longer ones.
const FIELDS: usize = 300;
const VALUE: usize = 4_000;
/// A report of a report is read; a report of that is not.
const NESTED: usize = 1;

/// A mail with what reading a report asks of it.
pub(crate) struct Mail {
    pub(crate) headers: Headers,
    pub(crate) parts: Vec<Part>,
    /// The first message within, as a mail of its own: gateways report reports, and people forward them.
    pub(crate) nested: Option<Box<Mail>>,
}

/// The headers of the mail itself, as text, decoded where RFC 2047 encodes.
pub(crate) struct Headers(Vec<(String, String)>);

/// One part, its transfer encoding and charset undone.
pub(crate) struct Part {
    /// `type/subtype` in small letters.
    pub(crate) kind: String,
    /// The text; of a nested message its headers only.
    pub(crate) text: String,
}

/// The parts of `raw`, or nothing where no header is.
pub(crate) fn read(raw: &[u8]) -> Option<Mail> {
    let raw = bounded(raw);
    let lines = line_ends(raw);
    // The parser promises not to panic. Should it break that on a mail from anywhere, the mail is kept as unknown, and
    // whoever brought it is not told to bring it again for ever.
    let read = || MessageParser::default().parse(lines.as_ref()).map(|message| mail(&message, NESTED));
    let mut mail = catch_unwind(AssertUnwindSafe(read)).ok().flatten()?;
    // Without the blank line behind the head, or with a head of another kind, all of it may be one broken head.
    if !mail.parts.iter().any(|part| !part.text.trim().is_empty()) {
        mail.parts.push(Part { kind: "text/plain".to_owned(), text: String::from_utf8_lossy(&lines).into_owned() });
    }
    Some(mail)
}

/// The parser knows no bare CR as the end of a line; old gateways do.
fn line_ends(raw: &[u8]) -> Cow<'_, [u8]> {
    let bare = |at: usize| raw.get(at + 1) != Some(&b'\n');
    if !memchr_iter(b'\r', raw).any(bare) {
        return Cow::Borrowed(raw);
    }
    let mut lines = raw.to_vec();
    for at in memchr_iter(b'\r', raw).filter(|&at| bare(at)) {
        if let Some(byte) = lines.get_mut(at) {
            *byte = b'\n';
        }
    }
    Cow::Owned(lines)
}

/// Every text in `raw` with its transfer encoding undone, nested messages and attachments included, headers decoded.
///
/// For looking whether something is in there; [`read`] is for reading what it says.
pub(crate) fn texts(raw: &[u8]) -> Vec<String> {
    let raw = bounded(raw);
    let read = || MessageParser::default().parse(raw).map(|message| decoded(&message)).unwrap_or_default();
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

fn decoded(message: &Message<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    for part in &message.parts {
        texts.extend(part.headers.iter().map(|header| format!("{:?}", header.value)));
        match &part.body {
            PartType::Message(message) => texts.extend(decoded(message)),
            PartType::Multipart(_) => {}
            body => texts.push(String::from_utf8_lossy(contents(body)).into_owned()),
        }
    }
    texts
}

fn contents<'a>(body: &'a PartType<'_>) -> &'a [u8] {
    match body {
        PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes,
        PartType::Message(_) | PartType::Multipart(_) => &[],
    }
}

impl Headers {
    /// The first value of the header `name`, given in small letters.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

impl Headers {
    /// Every value of the header `name`, given in small letters.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// The fields of the head in which a report may show itself, one a line, the values cut.
    pub(crate) fn telling(&self) -> String {
        let mut lines = String::new();
        for (name, value) in &self.0 {
            let tells = matches!(name.as_str(), "content-type" | "message-type" | "return-path" | "auto-submitted")
                || name.starts_with("x-");
            if tells {
                lines.push_str(name);
                lines.push_str(": ");
                lines.push_str(cut(value, 100));
                lines.push('\n');
            }
        }
        lines
    }
}

impl Part {
    /// Whether it is of type `message/name`, or of the internationalised twin that RFC 6533 and RFC 6532 add.
    pub(crate) fn is_message(&self, name: &str) -> bool {
        self.kind
            .strip_prefix("message/")
            .is_some_and(|kind| kind == name || kind.strip_prefix("global-").is_some_and(|kind| kind == name))
    }

    /// Whether it is the returned message or its headers.
    pub(crate) fn is_returned(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "message/rfc822" | "message/global" | "message/global-headers" | "text/rfc822-headers"
        )
    }

    /// Whether a person would read it.
    pub(crate) fn is_prose(&self) -> bool {
        // A multipart without parts is a text whose boundary a gateway broke.
        self.kind == "text/plain" || self.kind.starts_with("multipart/")
    }
}

/// `raw` cut where it becomes too long or too deep.
fn bounded(raw: &[u8]) -> &[u8] {
    let raw = raw.get(..SIZE).unwrap_or(raw);
    let name = b"content-type";
    let is_there = |at: &usize| raw.get(*at..at + name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name));
    let end = memchr2_iter(b'c', b'C', raw).filter(is_there).nth(PARTS);
    end.and_then(|end| raw.get(..end)).unwrap_or(raw)
}

fn mail(message: &Message<'_>, deep: usize) -> Mail {
    // The traces of a long way are most of a head, and nobody asks for them.
    let asked = |header: &&Header<'_>| {
        !matches!(
            header.name,
            HeaderName::Received
                | HeaderName::DkimSignature
                | HeaderName::ArcSeal
                | HeaderName::ArcMessageSignature
                | HeaderName::ArcAuthenticationResults
        )
    };
    let headers = message.headers().iter().filter(asked).take(FIELDS).map(|header| {
        let raw = || {
            let raw = message.raw_message.get(header.offset_start as usize..header.offset_end as usize);
            let raw = raw.unwrap_or_default();
            String::from_utf8_lossy(raw.get(..VALUE).unwrap_or(raw)).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let value = match &header.value {
            HeaderValue::Text(text) => cut(text.trim(), VALUE).to_owned(),
            _ => raw(),
        };
        (header.name().to_ascii_lowercase(), value)
    });
    let nested = message.parts.iter().filter(|_| deep > 0).find_map(|part| match &part.body {
        PartType::Message(message) => Some(Box::new(mail(message, deep - 1))),
        _ => None,
    });
    Mail { headers: Headers(headers.collect()), parts: message.parts.iter().filter_map(part).collect(), nested }
}

fn part(part: &MessagePart<'_>) -> Option<Part> {
    let kind = part.content_type().map_or("text/plain".to_owned(), |kind| {
        format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("plain")).to_ascii_lowercase()
    });
    let text = match &part.body {
        PartType::Text(text) | PartType::Html(text) => text.to_string(),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes)
            if kind.starts_with("message/") || kind.starts_with("multipart/") =>
        {
            String::from_utf8_lossy(bytes).into_owned()
        }
        PartType::Message(message) => {
            let headers = message.headers_raw().map(|(name, value)| format!("{name}:{value}"));
            return Some(Part { kind: "message/rfc822".to_owned(), text: headers.collect() });
        }
        PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Multipart(_) => return None,
    };
    Some(Part { kind, text })
}
