//! Header values that lettre does not know or would fold too late.

use data_encoding::BASE64;
use domain::MailKind;
use lettre::message::header::{HeaderName, HeaderValue};

use super::{ListHeaders, Mailbox, MimeError};
use crate::escape;

/// Bytes per encoded word: 52 characters of base64 and its frame of 12 leave room for `Subject: ` within the 76 columns
/// that RFC 2047 §2 allows.
const WORD: usize = 39;

/// The most characters of a display name; a header line has to end somewhere (RFC 5322 §2.1.1).
const NAME: usize = 100;

/// The subject: plain where it can be, encoded words (RFC 2047) otherwise.
pub(super) fn subject(subject: &str) -> HeaderValue {
    let mut line = String::new();
    escape::line(subject, &mut line);
    let plain = is_printable(&line) && !line.contains("=?") && line.split(' ').all(|word| word.len() <= 60);
    let name = HeaderName::new_from_ascii_str("Subject");
    if plain {
        return HeaderValue::new(name, line);
    }
    let encoded = encoded_words(&line);
    HeaderValue::dangerous_new_pre_encoded(name, line, encoded)
}

/// `name <address>`, or the address alone.
pub(super) fn mailbox(header: &'static str, mailbox: &Mailbox) -> HeaderValue {
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
pub(super) fn message_id(id: &str) -> Result<String, MimeError> {
    let whole = id.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    let value = checked("Message-ID", id)?;
    if whole { Ok(format!("<{value}>")) } else { Err(refused("Message-ID", id)) }
}

/// The headers of a list.
pub(super) fn list(list: &ListHeaders) -> Result<Vec<HeaderValue>, MimeError> {
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
pub(super) fn automatic(kind: MailKind) -> [(&'static str, &'static str); 2] {
    let first = if kind.is_bulk() { ("Precedence", "bulk") } else { ("Auto-Submitted", "auto-generated") };
    [first, ("X-Auto-Response-Suppress", "OOF, AutoReply")]
}

/// A value that is ASCII already.
pub(super) fn verbatim(name: &'static str, value: &str) -> HeaderValue {
    folded(name, &[value])
}

fn folded(name: &'static str, parts: &[&str]) -> HeaderValue {
    let parts: Vec<_> = parts.iter().filter(|part| !part.is_empty()).copied().collect();
    let one_line = parts.join(" ");
    let encoded = if name.len() + 2 + one_line.len() <= 76 { one_line.clone() } else { parts.join("\r\n ") };
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), one_line, encoded)
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
