//! Postmark's [webhooks](https://postmarkapp.com/developer/webhooks/webhooks-overview): one event a request, without a signature. It logs in
//! with the name and password of the address that it is told.

use serde_json::Value;

use super::Event;
use super::values::{address, first, kind, text, words};

pub(super) fn read(event: &Value) -> Event {
    let event_of = |key| text(event, &[key]);
    let name = event_of("RecordType").unwrap_or_default();
    let special = match name.as_str() {
        "Bounce" => event_of("Type"),
        // Whether mail is stopped or let through again, and why.
        "SubscriptionChange" if event.get("SuppressSending") == Some(&Value::Bool(true)) => {
            event_of("SuppressionReason")
        }
        "SubscriptionChange" => Some("Reactivated".to_owned()),
        _ => None,
    };
    let recipient = address(event, &["Email"]).or_else(|| address(event, &["Recipient"]));
    // A name for the kind of bounce is no word of a server's.
    let said = if name == "Bounce" { words([event_of("Details")]) } else { String::new() };
    // Bounces and complaints have numbers of their own; a change of subscription has none.
    let id = event_of("ID").map(|id| format!("{name} {id}")).or_else(|| {
        let at = first(event, &[&["ChangedAt"], &["DeliveredAt"]])?;
        Some(format!("{name} {} {at}", event_of("MessageID")?))
    });
    Event::about(kind([&*name, special.as_deref().unwrap_or_default()]), id, recipient, said)
        .with_token(text(event, &["Metadata", "eshot"]))
}
