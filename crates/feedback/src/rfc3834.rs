//! Automatic answers, RFC 3834 and the headers of programs that came before it.

use crate::parts::Headers;

/// The sign by which an automatic answer was told.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum AutoReply {
    /// `Auto-Submitted` is anything but `no`, RFC 3834 §5.
    AutoSubmitted,
    /// A header that only such programs set.
    Header,
    /// `Precedence` says that it is no mail from a person.
    Precedence,
    /// The subject begins as such programs begin theirs.
    Subject,
}

const HEADERS: [&str; 7] = [
    "x-autoreply",
    "x-autorespond",
    "x-autoresponse",
    "x-auto-response-suppress",
    "x-ms-exchange-inbox-rules-loop",
    "x-vacation",
    "x-mail-autoreply",
];

/// The big languages, in small letters. They are asked last: a person may write such a subject too.
const SUBJECTS: [&str; 14] = [
    "auto:",
    "autoreply",
    "auto reply",
    "auto-reply",
    "automatic reply",
    "automated reply",
    "out of office",
    "out of the office",
    "abwesenheit",
    "automatische antwort",
    "réponse automatique",
    "respuesta automática",
    "risposta automatica",
    "resposta automática",
];

/// Whether it is from a program that answers for a person, and so no report, whatever its words: by a header that no mail server sets,
/// or by its subject.
pub(crate) fn is_a_persons(headers: &Headers) -> bool {
    const SERVERS: [&str; 2] = ["x-auto-response-suppress", "x-ms-exchange-inbox-rules-loop"];
    let mut own = HEADERS.iter().filter(|name| !SERVERS.contains(name));
    own.any(|name| headers.get(name).is_some()) || has_subject(headers)
}

fn has_subject(headers: &Headers) -> bool {
    let subject = headers.get("subject").map(str::to_lowercase);
    subject.is_some_and(|subject| SUBJECTS.iter().any(|start| subject.starts_with(start)))
}

/// Whether a program answered, and how that shows.
pub(crate) fn read(headers: &Headers) -> Option<AutoReply> {
    let lower = |name| headers.get(name).map(str::to_lowercase);
    if lower("auto-submitted").is_some_and(|value| !value.is_empty() && !value.starts_with("no")) {
        return Some(AutoReply::AutoSubmitted);
    }
    if HEADERS.iter().any(|name| headers.get(name).is_some()) {
        return Some(AutoReply::Header);
    }
    if lower("precedence").is_some_and(|value| matches!(value.as_str(), "auto_reply" | "bulk" | "junk" | "auto-reply"))
    {
        return Some(AutoReply::Precedence);
    }
    has_subject(headers).then_some(AutoReply::Subject)
}
