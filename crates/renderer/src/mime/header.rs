//! The fields of a message's head: lettre does not know some of them and would fold others too late.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, Timelike, Utc};
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

/// What the fields of a head are written to.
///
/// Whoever gives a field answers for it that its value is ASCII and ends no line but to fold it.
pub(super) trait Head {
    /// A field whose value has these parts, each of them of several pieces, with blanks between the parts or, where they do not
    /// fit on one line, each on a line of its own.
    fn field(&mut self, name: &'static str, parts: &[&[&str]]);

    /// A field that is folded already: its value on one line, and as it is written.
    fn folded(&mut self, name: &'static str, value: &str, folded: &str);
}

/// Every field that comes before those of MIME, in their order.
pub(super) fn write(headers: &Headers, subject: &str, head: &mut impl Head) -> Result<(), MimeError> {
    mailbox("From", &headers.from, head);
    mailbox("To", &headers.to, head);
    self::subject(subject, head);
    head.field("Date", &[&[&date(headers.date)]]);
    head.field("Message-ID", &[&["<", message_id(&headers.message_id)?, ">"]]);
    if let Some(reply_to) = &headers.reply_to {
        mailbox("Reply-To", reply_to, head);
    }
    if let Some(list) = &headers.list {
        self::list(list, head)?;
    }
    for (name, value) in automatic(headers.kind) {
        head.field(name, &[&[value]]);
    }
    Ok(())
}

/// As lettre takes them.
impl Head for Vec<HeaderValue> {
    fn field(&mut self, name: &'static str, parts: &[&[&str]]) {
        let parts: Vec<String> = parts.iter().map(|pieces| pieces.concat()).collect();
        let value = parts.join(" ");
        let folded = if fits(name, value.len()) { value.clone() } else { parts.join(FOLD) };
        self.folded(name, &value, &folded);
    }

    fn folded(&mut self, name: &'static str, value: &str, folded: &str) {
        let name = HeaderName::new_from_ascii_str(name);
        self.push(HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), folded.to_owned()));
    }
}

/// As they stand in the message.
impl Head for Vec<u8> {
    fn field(&mut self, name: &'static str, parts: &[&[&str]]) {
        let length = parts.iter().flat_map(|pieces| pieces.iter()).map(|piece| piece.len()).sum::<usize>();
        let between = if fits(name, length + parts.len().saturating_sub(1)) { " " } else { FOLD };
        self.extend_from_slice(name.as_bytes());
        for (number, pieces) in parts.iter().enumerate() {
            self.extend_from_slice(if number == 0 { ": " } else { between }.as_bytes());
            pieces.iter().for_each(|piece| self.extend_from_slice(piece.as_bytes()));
        }
        self.extend_from_slice(b"\r\n");
    }

    fn folded(&mut self, name: &'static str, _: &str, folded: &str) {
        for part in [name, ": ", folded, "\r\n"] {
            self.extend_from_slice(part.as_bytes());
        }
    }
}

/// How a line of a field goes on in the next (RFC 5322 §2.2.3).
const FOLD: &str = "\r\n ";

/// Whether a field needs no folding.
fn fits(name: &str, value: usize) -> bool {
    name.len() + ": ".len() + value <= COLUMNS
}

/// The subject: plain where it can be, encoded words (RFC 2047) otherwise.
fn subject(subject: &str, head: &mut impl Head) {
    let mut value = String::with_capacity(subject.len());
    escape::line(subject, &mut value);
    let words = || value.split(' ');
    let plain = is_printable(&value) && !value.contains("=?") && words().all(|word| (1..=60).contains(&word.len()));
    let folded = if plain || value.is_empty() { fold("Subject".len(), words()) } else { encoded_words(&value) };
    head.folded("Subject", &value, &folded);
}

/// The words of a field with a name of this length, on as many lines as they need (RFC 5322 §2.2.3).
fn fold<'a>(name: usize, words: impl Iterator<Item = &'a str>) -> String {
    let mut folded = String::new();
    let mut column = name + ": ".len();
    for (number, word) in words.enumerate() {
        if number > 0 {
            let fits = column + 1 + word.len() <= COLUMNS;
            folded.push_str(if fits { " " } else { FOLD });
            column = if fits { column + 1 } else { 1 };
        }
        folded.push_str(word);
        column += word.len();
    }
    folded
}

/// The day and the time (RFC 5322 §3.3).
fn date(at: DateTime<Utc>) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = usize::try_from(at.month0()).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or_default();
    let (day, year) = (at.day(), at.year());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    format!("{}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} +0000", at.weekday())
}

/// `name <address>`, or the address alone.
fn mailbox(header: &'static str, mailbox: &Mailbox, head: &mut impl Head) {
    let name = mailbox.name.as_deref().map(display_name).unwrap_or_default();
    let address = mailbox.address.as_str();
    if name.is_empty() {
        head.field(header, &[&[address]]);
    } else {
        head.field(header, &[&[&phrase(&name)], &["<", address, ">"]]);
    }
}

/// A display name without anything that could end the header or pose as an encoded word.
fn display_name(name: &str) -> Cow<'_, str> {
    if name.len() <= NAME && is_simple(name) && !name.contains("  ") && name.trim_ascii() == name {
        return Cow::Borrowed(name);
    }
    let mut line = String::new();
    escape::line(name, &mut line);
    let name = line.replace("=?", "= ?").split_whitespace().collect::<Vec<_>>().join(" ");
    name.chars().take(NAME).collect::<String>().trim_end().to_owned().into()
}

/// The `id@domain` of a message (RFC 5322 §3.6.4).
fn message_id(id: &str) -> Result<&str, MimeError> {
    let whole = id.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty());
    let value = checked("Message-ID", id)?;
    if whole { Ok(value) } else { Err(refused("Message-ID", id)) }
}

/// The headers of a list.
fn list(list: &ListHeaders, head: &mut impl Head) -> Result<(), MimeError> {
    let mut local_part = String::with_capacity(64);
    escape::url_part(list.unsubscribe_mailto.local_part(), &mut local_part);
    // RFC 8058 §3.1: exactly one https address; RFC 2369 §2: the preferred one first.
    let https = checked("List-Unsubscribe", list.unsubscribe.as_str())?;
    let mailto = ["<mailto:", &local_part, "@", list.unsubscribe_mailto.domain(), ">"];
    head.field("List-Unsubscribe", &[&["<", https, ">,"], &mailto]);
    head.field("List-Unsubscribe-Post", &[&["List-Unsubscribe=One-Click"]]);
    let id = ["<", checked("List-Id", &list.id)?, ">"];
    match display_name(&list.name) {
        name if name.is_empty() => head.field("List-Id", &[&id]),
        name => head.field("List-Id", &[&[&phrase(&name)], &id]),
    }
    if let Some(id) = &list.feedback_id {
        head.field("Feedback-ID", &[&[checked("Feedback-ID", id)?]]);
    }
    if let Some(cfbl) = &list.cfbl {
        head.field("CFBL-Address", &[&[checked("CFBL-Address", cfbl.address.as_str())?, ";"], &["report=arf"]]);
        head.field("CFBL-Feedback-ID", &[&[checked("CFBL-Feedback-ID", &cfbl.feedback_id)?]]);
    }
    Ok(())
}

/// What tells other programs not to answer. Bulk mail has no `Auto-Submitted`: it is no answer to anything (RFC 3834
/// §5).
fn automatic(kind: MailKind) -> [(&'static str, &'static str); 2] {
    let first = if kind.is_bulk() { ("Precedence", "bulk") } else { ("Auto-Submitted", "auto-generated") };
    [first, ("X-Auto-Response-Suppress", "OOF, AutoReply")]
}

/// A phrase (RFC 5322 §3.2.5): words as they are, a quoted string, or encoded words.
fn phrase(words: &str) -> Cow<'_, str> {
    if is_simple(words) {
        words.into()
    } else if is_printable(words) && words.len() <= 60 {
        format!("\"{}\"", words.replace('\\', "\\\\").replace('"', "\\\"")).into()
    } else {
        encoded_words(words).into()
    }
}

/// Whether words stand for themselves wherever a phrase may.
fn is_simple(words: &str) -> bool {
    words.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_'".contains(&byte))
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
    words.join(FOLD)
}

/// The value, if it can stand in a header between angle brackets.
fn checked<'a>(header: &'static str, value: &'a str) -> Result<&'a str, MimeError> {
    let fits = (1..=900).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    if fits { Ok(value) } else { Err(refused(header, value)) }
}

fn refused(header: &'static str, value: &str) -> MimeError {
    MimeError::Header { header, value: value.to_owned() }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
