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
    let text = region::report(mail)?;
    if !is_report(mail, &text) {
        return None;
    }
    let mut found = whom::read(mail, &text);
    if found.is_empty() {
        // Gateways report reports: theirs names nobody, the one within does.
        if let Some(report) = mail.nested.as_deref().and_then(rfc3464::read) {
            return Some(report);
        }
        found = whom::guess(mail);
    }
    let action =
        match compiled().fate(&text).or_else(|| compiled().fate(mail.headers.get("subject").unwrap_or_default())) {
            Some(Became::Delayed) => Action::Delayed,
            Some(Became::Delivered) => Action::Delivered,
            None => Action::Failed,
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
    let subject = mail.headers.get("subject").unwrap_or_default();
    let from = mail.headers.get("from").unwrap_or_default();
    let mut points = 0;
    let mut server = false;
    for (place, text) in [
        (Place::From, from),
        (Place::Subject, subject),
        (Place::Header, mail.headers.telling().as_str()),
        // The text is asked last, because ordinary mails have much of it.
        (Place::Text, text),
    ] {
        if place == Place::Text && points + TEXT < REPORT {
            return false;
        }
        let signs = || compiled().signs(place, text);
        points += match place {
            // Several words for the same thing are one sign.
            Place::From => signs().map(|sign| sign.points).max().unwrap_or_default(),
            _ => signs().map(|sign| sign.points).sum(),
        };
        server |= signs().any(|sign| sign.server);
    }
    server && points >= REPORT
}

/// Adds to a report what only the prose beside its fields says: the reason where there is none, and which command was refused.
pub(crate) fn complete(mail: &Mail, report: &mut DeliveryReport) {
    if report.recipients.iter().all(|recipient| recipient.action != Action::Failed) {
        return;
    }
    let Some(text) = region::report(mail) else { return };
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
