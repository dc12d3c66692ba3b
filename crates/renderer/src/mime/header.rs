//! The fields of a message's head: lettre does not know some of them and would fold others too late.

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use domain::MailKind;
use lettre::message::header::{HeaderName, HeaderValue};

use super::{Headers, ListHeaders, Mailbox, MimeError};
use crate::escape;

/// Bytes per encoded word: 52 characters of base64 and its frame of 12 leave room for `Subject: ` within the 76 columns
/// that RFC 2047 §2 allows.
const WORD: usize = 39;

/// The columns that a line of a field should not exceed (RFC 5322 §2.1.1 allows 78).
const COLUMNS: usize = 76;

/// The most characters of a display name; a header line has to end somewhere (RFC 5322 §2.1.1).
const NAME: usize = 100;

/// One field. Whoever makes one answers for it that its value is ASCII and ends no line but to fold it.
pub(super) struct Field {
    name: &'static str,
    /// On one line.
    value: String,
    /// As it is written, where that is something else.
    folded: Option<String>,
}

/// Every field that comes before those of MIME, in their order.
pub(super) fn fields(headers: &Headers, subject: &str) -> Result<Vec<Field>, MimeError> {
    let mut fields = Vec::with_capacity(12);
    fields.extend([
        mailbox("From", &headers.from),
        mailbox("To", &headers.to),
        self::subject(subject),
        verbatim("Date", &date(headers.date)),
        verbatim("Message-ID", &message_id(&headers.message_id)?),
    ]);
    fields.extend(headers.reply_to.as_ref().map(|reply_to| mailbox("Reply-To", reply_to)));
    if let Some(list) = &headers.list {
        fields.extend(self::list(list)?);
    }
    fields.extend(automatic(headers.kind).map(|(name, value)| verbatim(name, value)));
    Ok(fields)
}

impl Field {
    /// As lettre takes it.
    pub(super) fn to_lettre(&self) -> HeaderValue {
        let name = HeaderName::new_from_ascii_str(self.name);
        let folded = self.folded.as_ref().unwrap_or(&self.value);
        HeaderValue::dangerous_new_pre_encoded(name, self.value.clone(), folded.clone())
    }

    /// Writes it as a line of its own.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for part in [self.name, ": ", self.folded.as_ref().unwrap_or(&self.value), "\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

/// The subject: plain where it can be, encoded words (RFC 2047) otherwise.
fn subject(subject: &str) -> Field {
    let mut value = String::with_capacity(subject.len());
    escape::line(subject, &mut value);
    let words = || value.split(' ');
    let plain = is_printable(&value) && !value.contains("=?") && words().all(|word| (1..=60).contains(&word.len()));
    let folded = if plain || value.is_empty() { fold("Subject".len(), words()) } else { encoded_words(&value) };
    Field { name: "Subject", value, folded: Some(folded) }
}

/// The words of a field with a name of this length, on as many lines as they need (RFC 5322 §2.2.3).
fn fold<'a>(name: usize, words: impl Iterator<Item = &'a str>) -> String {
    let mut folded = String::new();
    let mut column = name + ": ".len();
    for (number, word) in words.enumerate() {
        if number > 0 {
            let fits = column + 1 + word.len() <= COLUMNS;
            folded.push_str(if fits { " " } else { "\r\n " });
            column = if fits { column + 1 } else { 1 };
        }
        folded.push_str(word);
        column += word.len();
    }
    folded
}

/// The day and the time (RFC 5322 §3.3).
fn date(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// `name <address>`, or the address alone.
fn mailbox(header: &'static str, mailbox: &Mailbox) -> Field {
    let name = mailbox.name.as_deref().map(display_name).unwrap_or_default();
    if name.is_empty() {
        return verbatim(header, mailbox.address.as_str());
    }
    folded(header, &[&phrase(&name), &format!("<{}>", mailbox.address)])
}

/// A display name without anything that could end the header or pose as an encoded word.
fn display_name(name: &str) -> String {
    let mut line = String::new();
    escape::line(name, &mut line);
    let name = line.replace("=?", "= ?").split_whitespace().collect::<Vec<_>>().join(" ");
    name.chars().take(NAME).collect::<String>().trim_end().to_owned()
}

/// `<id@domain>` (RFC 5322 §3.6.4).
fn message_id(id: &str) -> Result<String, MimeError> {
    let whole = id.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    let value = checked("Message-ID", id)?;
    if whole { Ok(format!("<{value}>")) } else { Err(refused("Message-ID", id)) }
}

/// The headers of a list.
fn list(list: &ListHeaders) -> Result<Vec<Field>, MimeError> {
    let mut mailto = "mailto:".to_owned();
    escape::url_part(list.unsubscribe_mailto.local_part(), &mut mailto);
    mailto.push('@');
    mailto.push_str(list.unsubscribe_mailto.domain());
    // RFC 8058 §3.1: exactly one https address; RFC 2369 §2: the preferred one first.
    let https = checked("List-Unsubscribe", list.unsubscribe.as_str())?;
    let mut headers = vec![
        folded("List-Unsubscribe", &[&format!("<{https}>,"), &format!("<{mailto}>")]),
        verbatim("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        folded("List-Id", &[&phrase(&display_name(&list.name)), &format!("<{}>", checked("List-Id", &list.id)?)]),
    ];
    if let Some(id) = &list.feedback_id {
        headers.push(verbatim("Feedback-ID", checked("Feedback-ID", id)?));
    }
    Ok(headers)
}

/// What tells other programs not to answer. Bulk mail has no `Auto-Submitted`: it is no answer to anything (RFC 3834
/// §5).
fn automatic(kind: MailKind) -> [(&'static str, &'static str); 2] {
    let first = if kind.is_bulk() { ("Precedence", "bulk") } else { ("Auto-Submitted", "auto-generated") };
    [first, ("X-Auto-Response-Suppress", "OOF, AutoReply")]
}

/// A value that is ASCII already.
fn verbatim(name: &'static str, value: &str) -> Field {
    folded(name, &[value])
}

fn folded(name: &'static str, parts: &[&str]) -> Field {
    let parts = || parts.iter().copied().filter(|part| !part.is_empty());
    let value = join(parts(), " ");
    let folded = (name.len() + 2 + value.len() > COLUMNS).then(|| join(parts(), "\r\n "));
    Field { name, value, folded }
}

fn join<'a>(parts: impl Iterator<Item = &'a str>, between: &str) -> String {
    let mut joined = String::with_capacity(80);
    for (number, part) in parts.enumerate() {
        if number > 0 {
            joined.push_str(between);
        }
        joined.push_str(part);
    }
    joined
}

/// A phrase (RFC 5322 §3.2.5): words as they are, a quoted string, or encoded words.
fn phrase(words: &str) -> String {
    if words.chars().all(|c| c.is_ascii_alphanumeric() || " -_'".contains(c)) {
        words.to_owned()
    } else if is_printable(words) && words.len() <= 60 {
        format!("\"{}\"", words.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encoded_words(words)
    }
}

fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (1..=WORD.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        words.push(format!("=?utf-8?b?{}?=", BASE64.encode(word.as_bytes())));
        rest = after;
    }
    words.join("\r\n ")
}

/// The value, if it can stand in a header between angle brackets.
fn checked<'a>(header: &'static str, value: &'a str) -> Result<&'a str, MimeError> {
    let fits =
        (1..=900).contains(&value.len()) && value.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>'));
    if fits { Ok(value) } else { Err(refused(header, value)) }
}

fn refused(header: &'static str, value: &str) -> MimeError {
    MimeError::Header { header, value: value.to_owned() }
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || c.is_ascii_graphic())
}
