//! Scaleway's
//! [Transactional Email](https://www.scaleway.com/en/docs/transactional-email/reference-content/webhook-events-payloads/), which tells through a topic.

use serde_json::Value;

use super::Event;
use super::values::{address, first, kind, text, words};

pub(super) fn read(event: &Value) -> Event {
    let event_of = |key| text(event, &[key]);
    let name = event_of("type").unwrap_or_default();
    let code = event_of("email_response_code").filter(|code| code.len() == 3);
    let said = words([code, first(event, &[&["email_response_message"], &["email_error"]])]);
    let to = match event.get("email_to") {
        Some(Value::Array(to)) => to.first().and_then(|to| address(to, &[])),
        _ => address(event, &["email_to"]),
    };
    let mut told = Event::about(kind([name.trim_start_matches("email_")]), event_of("id"), to, said);
    let headers = event.get("email_headers");
    for header in headers.and_then(Value::as_array).into_iter().flatten().take(100) {
        let name = first(header, &[&["key"], &["name"]]).unwrap_or_default();
        if name.eq_ignore_ascii_case("message-id") {
            told = told.with_message_id(text(header, &["value"]));
        }
    }
    for (name, value) in headers.and_then(Value::as_object).into_iter().flatten().take(100) {
        if name.eq_ignore_ascii_case("message-id") {
            told = told.with_message_id(text(value, &[]).or_else(|| text(value.get(0)?, &[])));
        }
    }
    told
}
