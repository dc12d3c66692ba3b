//! SparkPost's [event webhooks](https://developers.sparkpost.com/api/webhooks/): a list of events, each in a wrapper that tells its family. It
//! logs in with a name and a password, or with a token in a header of its own.

use serde_json::Value;

use super::Event;
use super::values::{address, kind, text, words};

const FAMILIES: [&str; 5] = ["message_event", "unsubscribe_event", "gen_event", "relay_event", "track_event"];

pub(super) fn split(body: Value) -> Option<Vec<Value>> {
    let Value::Array(wrapped) = body else { return None };
    let unwrap = |mut wrapped: Value| {
        let inner = wrapped.get_mut("msys")?;
        FAMILIES.iter().find_map(|family| inner.get_mut(*family).map(Value::take))
    };
    // A ping is a wrapper with nothing in it.
    Some(wrapped.into_iter().filter_map(unwrap).collect())
}

pub(super) fn read(event: &Value) -> Event {
    let event_of = |key| text(event, &[key]);
    let name = event_of("type").unwrap_or_default();
    let special = match name.as_str() {
        "bounce" | "out_of_band" => event_of("bounce_class"),
        _ => None,
    };
    // The raw reason begins with its code.
    let said = match event_of("raw_reason") {
        Some(reason) => reason,
        None => words([event_of("error_code"), event_of("reason")]),
    };
    let recipient = address(event, &["raw_rcpt_to"]).or_else(|| address(event, &["rcpt_to"]));
    Event::about(kind([&*name, special.as_deref().unwrap_or_default()]), event_of("event_id"), recipient, said)
        .with_token(text(event, &["rcpt_meta", "eshot"]))
        .with_return_path(event_of("msg_from"))
}
