//! Mailgun's [webhooks](https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks): one event a request,
//! [signed](https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks) by an HMAC over a time and a token, which
//! stand in the body beside the event. The event itself is not signed, so the token is good once.

use aws_lc_rs::hmac;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use serde_json::Value;

use super::proof::{Once, Unproven, is_fresh, is_mac};
use super::values::{address, first, kind, text, words};
use super::{Event, Posted};

/// What was not taken is posted again for eight hours, and whether with a new time is not written anywhere. Tokens are known for longer.
const AGE: TimeDelta = TimeDelta::hours(9);

/// An account's signing key.
#[derive(Clone)]
pub(super) struct Mailgun {
    pub(super) key: hmac::Key,
}

/// Only what proves it: nothing else is read before.
#[derive(Deserialize)]
struct Envelope {
    signature: Signature,
}

#[derive(Deserialize)]
struct Signature {
    timestamp: Value,
    token: String,
    signature: String,
}

impl Mailgun {
    pub(super) fn proves(&self, posted: &Posted<'_>, now: DateTime<Utc>) -> Result<Once, Unproven> {
        let envelope: Envelope = serde_json::from_slice(posted.body).map_err(|_| Unproven)?;
        let Signature { timestamp, token, signature } = envelope.signature;
        let timestamp = match timestamp {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => return Err(Unproven),
        };
        // Without a length of its own the time could take digits from the token, or give some.
        is_fresh(&timestamp, AGE, now)?;
        let mac = HEXLOWER_PERMISSIVE.decode(signature.as_bytes()).map_err(|_| Unproven)?;
        is_mac(&self.key, &[timestamp.as_bytes(), token.as_bytes()], &mac)?;
        // Both together: where the one ends and the other begins is not signed.
        Ok(Once([timestamp.as_bytes(), token.as_bytes()].concat()))
    }
}

pub(super) fn split(mut body: Value) -> Option<Vec<Value>> {
    let event = body.get_mut("event-data").map(Value::take)?;
    event.is_object().then(|| vec![event])
}

pub(super) fn read(event: &Value) -> Event {
    let event_of = |path: &[&str]| text(event, path);
    let name = event_of(&["event"]).unwrap_or_default();
    let severity = event_of(&["severity"]).unwrap_or_default();
    let reason = event_of(&["reason"]).unwrap_or_default();
    let status = |key| event_of(&["delivery-status", key]);
    let code = status("code").filter(|code| code.len() == 3 && code.starts_with(['4', '5']));
    let said = words([
        code,
        status("enhanced-code"),
        first(event, &[&["delivery-status", "message"], &["delivery-status", "description"]]),
    ]);
    Event::about(kind([&*name, &severity, &reason]), event_of(&["id"]), address(event, &["recipient"]), said)
        .with_token(event_of(&["user-variables", "eshot"]))
        .with_message_id(event_of(&["message", "headers", "message-id"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(key: &[u8], time: &str, token: &str) -> String {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{time}{token}").as_bytes());
        let signature = HEXLOWER_PERMISSIVE.encode(mac.as_ref());
        format!(
            r#"{{"signature":{{"timestamp":"{time}","token":"{token}","signature":"{signature}"}},"event-data":{{}}}}"#
        )
    }

    #[test]
    fn only_the_accounts_own_signature_is_believed_and_names_the_token() {
        let mailgun = Mailgun { key: hmac::Key::new(hmac::HMAC_SHA256, b"key") };
        let now = DateTime::from_timestamp(1_700_000_100, 0).unwrap();
        let asked = |body: &str| mailgun.proves(&Posted { headers: &[], body: body.as_bytes() }, now);
        let right = signed(b"key", "1700000000", "abc");
        assert_eq!(asked(&right), Ok(Once(b"1700000000abc".to_vec())));
        assert_eq!(asked(&right.replace("\"abc\"", "\"abd\"")), Err(Unproven));
        assert_eq!(asked(&right.replace("1700000000", "1700000001")), Err(Unproven));
        assert_eq!(asked(&signed(b"other", "1700000000", "abc")), Err(Unproven));
        assert_eq!(asked(&signed(b"key", "1699900000", "abc")), Err(Unproven), "a day ago");
        for other in ["", "{}", "[]", "{\"signature\":{}}", "{\"signature\":null}", "\u{0}"] {
            assert_eq!(asked(other), Err(Unproven), "{other}");
        }
    }

    #[test]
    fn digits_that_move_from_the_time_to_the_token_make_no_new_token() {
        let mailgun = Mailgun { key: hmac::Key::new(hmac::HMAC_SHA256, b"key") };
        let now = DateTime::from_timestamp(1_700_000_100, 0).unwrap();
        let asked = |body: &str| mailgun.proves(&Posted { headers: &[], body: body.as_bytes() }, now);
        let right = signed(b"key", "1700000000", "7abc");
        let moved = right.replace("\"1700000000\"", "\"17000000007\"").replace("\"7abc\"", "\"abc\"");
        assert_eq!(asked(&moved), Err(Unproven), "that is no time of now");
        let zeroed = right.replace("\"1700000000\"", "\"170000000\"").replace("\"7abc\"", "\"07abc\"");
        assert_eq!(asked(&zeroed), Err(Unproven));
    }
}
