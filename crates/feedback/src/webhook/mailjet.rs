//! Mailjet's [event API](https://dev.mailjet.com/email/guides/webhooks/): one event, or a list of them, without a signature. It logs in with the
//! name and password of the address that it is told.

use serde_json::Value;

use super::Event;
use super::values::{address, kind, text, words};

pub(super) fn read(event: &Value) -> Event {
    let event_of = |key| text(event, &[key]);
    let name = event_of("event").unwrap_or_default();
    let is_hard = event.get("hard_bounce") == Some(&Value::Bool(true));
    let error = event_of("error").unwrap_or_default();
    let kind = match name.as_str() {
        "bounce" if is_hard => kind(["bounce", "hard", &error]),
        "bounce" => kind(["bounce", "soft", &error]),
        "blocked" => kind(["blocked", &error]),
        other => kind([other]),
    };
    // `error` is Mailjet's own word and in the kind already.
    let said = words([event_of("smtp_reply").or_else(|| event_of("comment"))]);
    let id = ["event", "time", "MessageID", "email"].map(event_of);
    let id = id.iter().all(Option::is_some).then(|| words(id));
    // Whatever was given along as the message's own id.
    Event::about(kind, id, address(event, &["email"]), said)
        .with_token(event_of("CustomID"))
        .with_token(event_of("Payload"))
}
