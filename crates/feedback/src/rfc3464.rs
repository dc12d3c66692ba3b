//! Delivery status notifications, RFC 3464 and its internationalised form, RFC 6533.

use std::fmt;

use database::private::Stars;
use domain::{EmailAddress, EnhancedStatus};

use crate::fields::{self, Field, cut};
use crate::parts::{Mail, Part};
use crate::rfc8098;

/// A report about more recipients is cut: each of our messages has one.
const RECIPIENTS: usize = 200;

/// What a mail server says became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Who reports, RFC 3464 §2.2.2.
    pub reporting_mta: Option<String>,
    /// What became of each recipient; never empty.
    pub recipients: Vec<Recipient>,
}

/// What became of one recipient, RFC 3464 §2.3.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Whom the message was tried for in the end. Behind a forwarder it is somebody whom we never wrote to.
    pub address: Option<EmailAddress>,
    /// What the report writes in its place, where that is no address: `ada@#example.org`.
    pub written: Option<String>,
    /// Whom we wrote to, if the report knows.
    pub original: Option<EmailAddress>,
    /// What happened.
    pub action: Action,
    /// Why, as a code.
    pub status: Option<EnhancedStatus>,
    /// Why, in the words of the server that refused; empty if they are not told.
    pub diagnostic: String,
    /// The server that refused.
    pub remote_mta: Option<String>,
}

/// Masked: servers name the address in their words.
impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient")
            .field("address", &self.address)
            .field("written", &Stars::over(self.written.as_ref()))
            .field("original", &self.original)
            .field("action", &self.action)
            .field("status", &self.status)
            .field("diagnostic", &Stars)
            .field("remote_mta", &self.remote_mta)
            .finish()
    }
}

/// What happened to a message for one recipient, RFC 3464 §2.3.3.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was given up.
    Failed,
    /// It is still being tried.
    Delayed,
    /// It arrived.
    Delivered,
    /// It went on to a server that sends no reports.
    Relayed,
    /// It went on to several others.
    Expanded,
}

impl Action {
    /// The action is case-insensitive (RFC 3464 §2.3.3), and some servers explain it in brackets.
    fn read(text: &str) -> Option<Self> {
        let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
        match word.to_ascii_lowercase().as_str() {
            "failed" | "failure" | "fail" => Some(Self::Failed),
            "delayed" => Some(Self::Delayed),
            "delivered" => Some(Self::Delivered),
            "relayed" => Some(Self::Relayed),
            "expanded" => Some(Self::Expanded),
            _ => None,
        }
    }

    /// The field is mandatory. Without it the status, which is too, says as much.
    fn of(status: Option<EnhancedStatus>) -> Self {
        match status.map(|status| status.class) {
            Some(2) => Self::Delivered,
            Some(4) => Self::Delayed,
            _ => Self::Failed,
        }
    }
}

/// Reads a report from its own part; where a gateway broke the parts, from wherever its fields stand in a mail that is
/// certainly a report.
pub(crate) fn read(mail: &Mail) -> Option<DeliveryReport> {
    let own = mail.parts.iter().find(|part| part.is_message("delivery-status")).and_then(report);
    own.or_else(|| if is_from_a_server(mail) { mail.parts.iter().find_map(report) } else { None })
}

/// Whether the mail says of itself that it is a report, or a server's name stands under it.
fn is_from_a_server(mail: &Mail) -> bool {
    let header = |name| mail.headers.get(name).unwrap_or_default().to_ascii_lowercase();
    let kind = header("content-type");
    kind.starts_with("multipart/report") || kind.contains("delivery-status") || rfc8098::is_a_server(&mail.headers)
}

fn report(part: &Part) -> Option<DeliveryReport> {
    let mut open = Open::default();
    let mut recipients = Vec::new();
    let mut reporting_mta = None;
    for group in fields::groups(&part.text) {
        for field in &group {
            if field.is("Reporting-MTA") {
                reporting_mta.get_or_insert_with(|| untyped(&field.value).to_owned());
            }
            // A missing blank line must not melt two recipients into one.
            if open.is_repeated_by(field) {
                recipients.extend(open.close());
            }
            open.take(field);
        }
        recipients.extend(open.close());
    }
    recipients.truncate(RECIPIENTS);
    (!recipients.is_empty()).then_some(DeliveryReport { reporting_mta, recipients })
}

/// A recipient's fields while they are read.
#[derive(Default)]
struct Open {
    address: Option<String>,
    original: Option<String>,
    action: Option<String>,
    status: Option<String>,
    diagnostic: Option<String>,
    remote_mta: Option<String>,
}

impl Open {
    fn slot(&mut self, field: &Field<'_>) -> Option<&mut Option<String>> {
        [
            ("Final-Recipient", &mut self.address),
            ("Original-Recipient", &mut self.original),
            ("Action", &mut self.action),
            ("Status", &mut self.status),
            ("Diagnostic-Code", &mut self.diagnostic),
            ("Remote-MTA", &mut self.remote_mta),
        ]
        .into_iter()
        .find_map(|(name, slot)| field.is(name).then_some(slot))
    }

    fn is_repeated_by(&mut self, field: &Field<'_>) -> bool {
        field.is("Final-Recipient") && self.address.is_some()
            || field.is("Original-Recipient") && self.original.is_some()
    }

    fn take(&mut self, field: &Field<'_>) {
        if let Some(slot) = self.slot(field) {
            slot.get_or_insert_with(|| field.value.to_string());
        }
    }

    /// The recipient, if the group was about one: an address and something said of it.
    fn close(&mut self) -> Option<Recipient> {
        let open = std::mem::take(self);
        if open.action.is_none() && open.status.is_none() && open.diagnostic.is_none() {
            return None;
        }
        let address = open.address.as_deref().and_then(address);
        let original = open.original.as_deref().and_then(address_of_orcpt);
        if address.is_none() && original.is_none() && open.address.is_none() {
            return None;
        }
        let status = open.status.as_deref().and_then(status);
        let written =
            open.address.as_deref().filter(|_| address.is_none()).map(|text| cut(untyped(text), 320).to_owned());
        Some(Recipient {
            address,
            written,
            original,
            action: open.action.as_deref().and_then(Action::read).unwrap_or_else(|| Action::of(status)),
            status,
            diagnostic: open.diagnostic.as_deref().map(untyped).unwrap_or_default().to_owned(),
            remote_mta: open.remote_mta.as_deref().map(|name| untyped(name).to_owned()),
        })
    }
}

/// The status may be explained in brackets, RFC 3464 §2.3.4.
fn status(text: &str) -> Option<EnhancedStatus> {
    text.split([' ', '\t', '(']).find(|word| !word.is_empty())?.parse().ok()
}

/// `rfc822; ada@example.com`, with or without the type, brackets, quotes and comments.
fn address(text: &str) -> Option<EmailAddress> {
    let text = untyped(text);
    let text = text.split_once('<').map_or(text, |(_, rest)| rest.split('>').next().unwrap_or_default());
    text.split([' ', '\t', '('])
        .find(|word| word.contains('@'))?
        .trim_matches(['"', '\'', '<', '>', ';', ','])
        .parse()
        .ok()
}

/// The ORCPT that we gave is xtext (RFC 3461 §4.2); some servers hand it on as it came.
fn address_of_orcpt(text: &str) -> Option<EmailAddress> {
    address(&decode_xtext(text)).or_else(|| address(text))
}

fn decode_xtext(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = tail.get(..2).filter(|_| byte == b'+').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            let upper = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
            digits.chars().all(upper).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
        });
        decoded.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The text behind `type;`, RFC 3464 §2.1.2.
fn untyped(text: &str) -> &str {
    match text.split_once(';') {
        Some((kind, rest)) if kind.trim().len() <= 30 && !kind.trim().contains([' ', '@', '.']) => rest.trim(),
        _ => text.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_every_dress() {
        for text in [
            "rfc822; ada@example.com",
            "RFC822;<ada@example.com>",
            "ada@example.com",
            "rfc822; \"ada@example.com\"",
            "rfc822;Ada@Example.com (Ada)",
        ] {
            assert_eq!(address(text).unwrap().as_str(), "ada@example.com", "{text}");
        }
    }

    #[test]
    fn an_orcpt_is_decoded_from_xtext() {
        assert_eq!(address_of_orcpt("rfc822;ada+2Bnews@example.com").unwrap().as_str(), "ada+news@example.com");
        assert_eq!(address_of_orcpt("rfc822;ada+news@example.com").unwrap().as_str(), "ada+news@example.com");
    }

    #[test]
    fn a_diagnostic_keeps_its_words() {
        assert_eq!(untyped("smtp; 550 5.1.1 no; sorry"), "550 5.1.1 no; sorry");
        assert_eq!(untyped("550 5.1.1 no; sorry"), "550 5.1.1 no; sorry");
    }
}
