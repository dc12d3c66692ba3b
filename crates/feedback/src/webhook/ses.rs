//! What Amazon SES tells through SNS:
//! [notifications](https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html) of an identity, and the
//! [events](https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html) of a configuration set.

use serde_json::Value;

use super::Event;
use super::event::recipient_of;
use super::values::{address, first, kind, text, words};

/// One of our messages has one recipient.
const RECIPIENTS: usize = 50;

pub(super) fn read(event: &Value) -> Event {
    let name = first(event, &[&["notificationType"], &["eventType"]]).unwrap_or_default();
    let (about, list, special) = match name.as_str() {
        "Bounce" => ("bounce", "bouncedRecipients", ["bounceType", "bounceSubType"]),
        "Complaint" => ("complaint", "complainedRecipients", ["complaintSubType", "complaintFeedbackType"]),
        "DeliveryDelay" => ("deliveryDelay", "delayedRecipients", ["", ""]),
        "Delivery" => ("delivery", "", ["", ""]),
        _ => ("", "", ["", ""]),
    };
    let detail = event.get(about).unwrap_or(&Value::Null);
    let of_list = detail.get(list).and_then(Value::as_array).into_iter().flatten().take(RECIPIENTS);
    let mut recipients: Vec<_> = of_list.map(recipient).collect();
    if recipients.is_empty() {
        let to = event.pointer("/mail/destination/0").and_then(|to| address(to, &[]));
        recipients.push(recipient_of(to, String::new()));
    }
    let [general, mut own] = special.map(|key| text(detail, &[key]).unwrap_or_default());
    // An answer of who is away is told as a transient bounce as well: what has no words of a server is perhaps one.
    let is_silent = recipients.iter().all(|recipient| recipient.diagnostic.is_empty());
    if name == "Bounce" && general == "Transient" && own == "General" && is_silent {
        own = "General.silent".to_owned();
    }
    let kind = kind([&*name, &general].into_iter().chain(own.split('.')));
    let id = text(detail, &["feedbackId"]).or_else(|| {
        let times = first(detail, &[&["timestamp"]]).unwrap_or_default();
        Some(format!("{name} {} {times}", text(event, &["mail", "messageId"])?))
    });
    let mut told = Event { kind, id, recipients, ..Event::default() }
        .with_token(event.pointer("/mail/tags/eshot/0").and_then(|token| text(token, &[])))
        .with_message_id(text(event, &["mail", "commonHeaders", "messageId"]))
        .with_return_path(text(event, &["mail", "source"]));
    for header in event.pointer("/mail/headers").and_then(Value::as_array).into_iter().flatten().take(100) {
        if text(header, &["name"]).is_some_and(|name| name.eq_ignore_ascii_case("message-id")) {
            told = told.with_message_id(text(header, &["value"]));
        }
    }
    told
}

fn recipient(named: &Value) -> crate::Recipient {
    let diagnostic = text(named, &["diagnosticCode"]).unwrap_or_default();
    let said = diagnostic.split_once(';').map_or(diagnostic.as_str(), |(_, said)| said).trim().to_owned();
    let mut recipient = recipient_of(address(named, &["emailAddress"]), words([Some(said)]));
    recipient.status = recipient.status.or_else(|| text(named, &["status"])?.parse().ok());
    recipient
}
