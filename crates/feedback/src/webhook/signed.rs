//! Events of anybody who signs as `docs/webhooks.md` says: a relay of one's own, or a service that nobody here knows, behind a few lines of script.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::Value;

use super::proof::{TOLERANCE, Unproven, is_fresh, is_mac};
use super::values::{address, kind, text, words};
use super::{Event, Posted};

/// `t=SECONDS,v1=HEX`: the time, and an HMAC-SHA256 over the time, a dot, and the body.
const HEADER: &str = "eshot-signature";

/// What both sides sign with.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) key: hmac::Key,
}

impl Signed {
    pub(super) fn proves(&self, posted: &Posted<'_>, now: DateTime<Utc>) -> Result<(), Unproven> {
        let header = posted.header(HEADER).ok_or(Unproven)?;
        let (time, rest) = header.strip_prefix("t=").and_then(|rest| rest.split_once(',')).ok_or(Unproven)?;
        is_fresh(time, TOLERANCE, now)?;
        // While keys are changed there may be several.
        let macs = rest.split(',').filter_map(|part| part.trim().strip_prefix("v1=")).take(8);
        let mut macs = macs.filter_map(|mac| HEXLOWER_PERMISSIVE.decode(mac.as_bytes()).ok());
        let signed = [time.as_bytes(), b".", posted.body];
        if macs.any(|mac| is_mac(&self.key, &signed, &mac).is_ok()) { Ok(()) } else { Err(Unproven) }
    }
}

/// `{"events": [...]}`.
pub(super) fn split(mut body: Value) -> Option<Vec<Value>> {
    match body.get_mut("events").map(Value::take)? {
        Value::Array(events) => Some(events),
        _ => None,
    }
}

pub(super) fn read(event: &Value) -> Event {
    let event_of = |key| text(event, &[key]);
    let names = ["kind", "class"].map(|key| event_of(key).unwrap_or_default());
    let said = words([event_of("status"), event_of("diagnostic")]);
    Event::about(kind(names.iter().map(String::as_str)), event_of("id"), address(event, &["recipient"]), said)
        .with_token(event_of("envelope_id"))
        .with_message_id(event_of("message_id"))
        .with_return_path(event_of("return_path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(key: &[u8], time: &str, body: &str) -> String {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{time}.{body}").as_bytes());
        format!("t={time},v1={}", HEXLOWER_PERMISSIVE.encode(mac.as_ref()))
    }

    #[test]
    fn time_and_body_are_what_was_signed_within_five_minutes() {
        let signed_by = Signed { key: hmac::Key::new(hmac::HMAC_SHA256, b"key") };
        let now = DateTime::from_timestamp(1_700_000_100, 0).unwrap();
        let asked = |signature: &str, body: &str| {
            signed_by.proves(&Posted { headers: &[("Eshot-Signature", signature)], body: body.as_bytes() }, now).is_ok()
        };
        let right = signed(b"key", "1700000000", "{}");
        assert!(asked(&right, "{}"));
        assert!(asked(&right.replace(",v1=", ",v1=00,v1="), "{}"), "keys are being changed");
        assert!(!asked(&right, "{ }"), "the body was changed");
        assert!(!asked(&right.replace("t=1700000000", "t=1700000001"), "{}"), "the time was changed");
        assert!(!asked(&signed(b"kez", "1700000000", "{}"), "{}"), "another key");
        assert!(!asked(&signed(b"key", "1699999799", "{}"), "{}"), "five minutes and a second ago");
        assert!(!asked(&signed(b"key", "1700000401", "{}"), "{}"), "five minutes and a second ahead");
        for other in ["", "t=", "t=1700000000", "t=1700000000,", "v1=00", "t=1700000000,v1=", "t=1700000000,v1=zz"] {
            assert!(!asked(other, "{}"), "{other}");
        }
    }
}
