//! Disposition notifications, RFC 8098, with the types of RFC 2298: a mail program says what a person did with a message.

use crate::fields;
use crate::parts::{Headers, Mail, Part};

/// What happened to a message that had reached its mailbox. It counts as nothing: a program that fetches a message says *displayed* too,
/// and who throws it away unread has not asked to be left alone.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It was shown to somebody, RFC 8098 §3.2.6.2.
    Displayed,
    /// It was deleted, seen or unseen.
    Deleted,
    /// Anything else: passed on, processed, or not told.
    Other,
}

/// Reads a notification from its own part, or sees by the head of the mail that it was one.
///
/// A server that refuses by this form, as Dovecot does where a mailbox is full (RFC 5429 §2.1.2), has made a report; so has who tells
/// a delivery's action or status in it.
pub(crate) fn read(mail: &Mail) -> Option<Receipt> {
    if mail.parts.iter().any(|part| part.is_message("delivery-status")) {
        return None;
    }
    let told = mail.parts.iter().filter(|part| part.is_message("disposition-notification")).find_map(told);
    match told {
        Some(Told::Receipt(Receipt::Displayed)) => Some(Receipt::Displayed),
        Some(Told::Report) => None,
        Some(Told::Receipt(receipt)) => (!is_a_server(&mail.headers)).then_some(receipt),
        None => (is_named(&mail.headers) && !is_a_server(&mail.headers)).then_some(Receipt::Other),
    }
}

enum Told {
    Receipt(Receipt),
    Report,
}

fn told(part: &Part) -> Option<Told> {
    let groups = fields::groups(&part.text);
    let value = |name| groups.iter().find_map(|fields| fields::value(fields, name));
    let disposition = value("Disposition")?;
    if value("Action").or_else(|| value("Status")).is_some() {
        return Some(Told::Report);
    }
    // `manual-action/MDN-sent-manually; displayed/error`
    let kind = disposition.rsplit(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kind = kind.split(['/', ',', ' ']).next().unwrap_or_default();
    Some(Told::Receipt(match kind {
        "displayed" => Receipt::Displayed,
        "deleted" => Receipt::Deleted,
        _ => Receipt::Other,
    }))
}

/// Whether the mail calls itself one, whatever became of its parts.
fn is_named(headers: &Headers) -> bool {
    let kind = headers.get("content-type").unwrap_or_default().to_ascii_lowercase();
    kind.starts_with("multipart/report") && kind.contains("disposition-notification")
}

/// Whether a server's name stands under it, and not a person's.
pub(crate) fn is_a_server(headers: &Headers) -> bool {
    let from = headers.get("from").unwrap_or_default().to_ascii_lowercase();
    ["mailer-daemon", "postmaster", "mail delivery", "mail-daemon"].iter().any(|name| from.contains(name))
}
