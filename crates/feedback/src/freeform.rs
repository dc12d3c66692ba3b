//! Reports in prose, as servers wrote and write them that know no RFC 3464.

mod region;
mod whom;
mod why;

use crate::parts::Mail;
use crate::rfc3464;
use crate::rfc3464::{Action, DeliveryReport, Recipient};
use crate::rules::{Became, Place, compiled};

/// So many points make a report of a mail.
const REPORT: i32 = 4;

/// More than a text gives that is no forwarded report.
const TEXT: i32 = 9;

/// Reads a report from the text in front of the returned message.
pub(crate) fn read(mail: &Mail) -> Option<DeliveryReport> {
    let (text, returned) = region::report(mail)?;
    if !is_report(mail, &text) {
        return None;
    }
    let mut found = whom::read(mail, &text);
    if found.is_empty() {
        // Gateways report reports: theirs names nobody, the one within does.
        if let Some(report) = mail.nested.as_deref().and_then(rfc3464::read) {
            return Some(report);
        }
        found = whom::guess(mail, &returned);
    }
    let subject = mail.headers.get("subject").unwrap_or_default();
    let action = match compiled().fate(&text).or_else(|| compiled().fate(subject)) {
        // Some reports tell what they would do of others, or for how long they tried.
        Some(Became::Delayed) if !why::is_final(&text) => Action::Delayed,
        Some(Became::Delivered) => Action::Delivered,
        _ => Action::Failed,
    };
    let alone = found.len() == 1;
    let mut recipients = Vec::with_capacity(found.len());
    for (index, who) in found.iter().enumerate() {
        let next = found.get(index + 1).map(|next| next.at);
        let diagnostic = why::read(&text, who, next, alone);
        let status = verdict::codes(&diagnostic).status;
        let address = Some(who.address.clone());
        recipients.push(Recipient {
            address,
            written: None,
            original: None,
            action,
            status,
            diagnostic,
            remote_mta: None,
        });
    }
    (!recipients.is_empty()).then_some(DeliveryReport { reporting_mta: None, recipients })
}

/// Whether enough tells that the mail is a report.
fn is_report(mail: &Mail, text: &str) -> bool {
    let rules = compiled();
    let header = |name| mail.headers.get(name).unwrap_or_default().to_lowercase();
    let mut points = 0;
    let mut server = false;
    for sign in rules.signs(Place::From, &header("from")) {
        server |= sign.server;
        // Several words for a sender are one sign.
        points = points.max(sign.points);
    }
    let (subject, head) = (header("subject"), mail.headers.telling().to_lowercase());
    for sign in rules.signs(Place::Subject, &subject).chain(rules.signs(Place::Header, &head)) {
        server |= sign.server;
        points += sign.points;
    }
    if points + TEXT < REPORT {
        return false;
    }
    // Ordinary mails have much text. What speaks against a report is asked first, and no more than it takes.
    for sign in rules.signs(Place::Text, &text.to_lowercase()) {
        server |= sign.server;
        points += sign.points;
        if server && sign.points > 0 && points >= REPORT {
            return true;
        }
    }
    server && points >= REPORT
}

/// Adds to a report what only the prose beside its fields says: the reason where there is none, and which command was refused.
pub(crate) fn complete(mail: &Mail, report: &mut DeliveryReport) {
    if report.recipients.iter().all(|recipient| recipient.action != Action::Failed) {
        return;
    }
    let Some((text, _)) = region::report(mail) else { return };
    let alone = report.recipients.len() == 1;
    let mut found = None;
    if let ([recipient], true) = (report.recipients.as_mut_slice(), alone)
        && recipient.address.is_none()
        && recipient.original.is_none()
    {
        let found = found.get_or_insert_with(|| whom::read(mail, &text));
        recipient.address = found.first().filter(|_| found.len() == 1).map(|who| who.address.clone());
    }
    for recipient in report.recipients.iter_mut().filter(|recipient| recipient.action == Action::Failed) {
        if says_why(&recipient.diagnostic) {
            recipient.diagnostic = why::with_stage(&why::with_more(&recipient.diagnostic, &text), &text);
            continue;
        }
        let found = found.get_or_insert_with(|| whom::read(mail, &text));
        let index = found.iter().position(|who| Some(&who.address) == recipient.address.as_ref());
        recipient.diagnostic = match index {
            Some(index) => why::read(&text, &found[index], found.get(index + 1).map(|next| next.at), alone),
            None if alone => why::of_all(&text),
            None => continue,
        };
    }
}

/// Whether there is any word in it.
fn says_why(diagnostic: &str) -> bool {
    diagnostic
        .split_whitespace()
        .any(|word| word.len() > 2 && word.chars().all(|c| c.is_alphabetic() || c == '.' || c == ','))
}
