//! Brevo's [transactional webhooks](https://developers.brevo.com/docs/transactional-webhooks): one event a request, without a signature. It logs
//! in with a name and a password, or with a token.

use serde_json::Value;

use super::Event;
use super::values::{address, kind, text, words};

pub(super) fn read(event: &Value) -> Event {
    let event_of = |key| text(event, &[key]);
    let name = event_of("event").unwrap_or_default();
    let id = [
        event_of("event"),
        event_of("ts_epoch").or_else(|| event_of("ts_event")),
        event_of("message-id"),
        event_of("email"),
    ];
    let id = id.iter().all(Option::is_some).then(|| words(id));
    Event::about(kind([&*name]), id, address(event, &["email"]), words([event_of("reason")]))
        .with_token(event_of("X-Mailin-custom"))
        .with_message_id(event_of("message-id"))
}
