use crate::fields::cut;
use crate::parts::{self, Mail};
use crate::{Kind, Returned, Traces, freeform, moved, rfc3464, rfc3834, rfc5965, rfc8098, ses};

/// Says what a mail that came back is. Total: any bytes have an answer.
///
/// Only the first mebibyte and the first sixty-four parts are looked at; reports stand in front of what they return.
pub fn parse(raw: &[u8]) -> Returned {
    let Some(mail) = parts::read(raw) else {
        return Returned {
            kind: Kind::Unknown,
            traces: Traces::default(),
            report_id: None,
            subject: None,
            moved: None,
        };
    };
    let header = |name| mail.headers.get(name).filter(|value| !value.is_empty());
    let kind = kind(&mail);
    Returned {
        moved: matches!(kind, Kind::AutoReply(_)).then(|| moved::read(&mail)).flatten(),
        kind,
        traces: Traces::read(&mail),
        report_id: header("message-id").map(|id| cut(id, 500).to_owned()),
        subject: header("subject").map(|subject| cut(subject, 500).to_owned()),
    }
}

/// A report is looked for first: servers mark theirs as auto-submitted too, as RFC 3834 §5 asks. In the words of who is away it is not.
fn kind(mail: &Mail) -> Kind {
    if let Some(report) = rfc5965::read(mail) {
        return Kind::Feedback(report);
    }
    // Its fields are those of a report about a failure, but for the action.
    if let Some(receipt) = rfc8098::read(mail) {
        return Kind::Receipt(receipt);
    }
    if let Some(mut report) = rfc3464::read(mail) {
        freeform::complete(mail, &mut report);
        return Kind::Delivery(report);
    }
    if let Some(told) = ses::read(mail) {
        return told;
    }
    if !rfc3834::is_a_persons(&mail.headers)
        && let Some(report) = freeform::read(mail)
    {
        return Kind::Delivery(report);
    }
    if let Some(sign) = rfc3834::read(&mail.headers) {
        return Kind::AutoReply(sign);
    }
    if is_unsubscribe(mail) { Kind::Unsubscribe } else { Kind::Unknown }
}

/// The one word alone, in the subject, or as the only line: never a word found within a text or a quotation.
fn is_unsubscribe(mail: &Mail) -> bool {
    let is_command = |text: &str| {
        let word = text.trim().trim_end_matches(['.', '!']);
        ["unsubscribe", "abmelden", "abbestellen", "désabonner", "remove"]
            .iter()
            .any(|command| word.eq_ignore_ascii_case(command))
    };
    let body = mail.parts.iter().find(|part| part.is_prose()).map_or("", |part| part.text.as_str());
    match mail.headers.get("subject").map(str::trim) {
        Some(subject) if !subject.is_empty() => is_command(subject),
        _ => is_command(body),
    }
}
