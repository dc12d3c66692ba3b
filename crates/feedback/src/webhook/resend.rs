//! Resend's [webhooks](https://resend.com/docs/dashboard/webhooks/introduction): one event a request, signed as
//! [Svix](https://docs.svix.com/receiving/verifying-payloads/how-manual) and [Standard Webhooks](https://www.standardwebhooks.com) do it: an HMAC
//! over id, time and body. The time is that of the attempt, so it is a new one when an event is posted again.

use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use serde_json::Value;

use super::proof::{TOLERANCE, Unproven, is_fresh, is_mac};
use super::values::{address, first, kind, text, words};
use super::{Event, Posted};

/// A webhook's key.
#[derive(Clone)]
pub(super) struct Resend(hmac::Key);

impl Resend {
    /// Reads the key as Resend shows it: `whsec_` and base64.
    pub(super) fn new(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.trim().strip_prefix("whsec_")?.as_bytes()).ok()?;
        (bytes.len() >= 16).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    pub(super) fn proves(&self, posted: &Posted<'_>, now: DateTime<Utc>) -> Result<(), Unproven> {
        let header = |name: &str| {
            posted.header(&format!("svix-{name}")).or_else(|| posted.header(&format!("webhook-{name}"))).ok_or(Unproven)
        };
        let (id, time, signatures) = (header("id")?, header("timestamp")?, header("signature")?);
        is_fresh(time, TOLERANCE, now)?;
        let signed = [id.as_bytes(), b".", time.as_bytes(), b".", posted.body];
        // While keys are changed there are several.
        let macs = signatures.split(' ').filter_map(|signature| signature.strip_prefix("v1,")).take(8);
        let mut macs = macs.filter_map(|mac| BASE64.decode(mac.as_bytes()).ok());
        if macs.any(|mac| is_mac(&self.0, &signed, &mac).is_ok()) { Ok(()) } else { Err(Unproven) }
    }
}

pub(super) fn read(event: &Value) -> Event {
    let name = text(event, &["type"]).unwrap_or_default();
    let data = event.get("data").unwrap_or(&Value::Null);
    let data_of = |path: &[&str]| text(data, path);
    let bounce = [data_of(&["bounce", "type"]), data_of(&["bounce", "subType"])].map(Option::unwrap_or_default);
    let kind = kind([name.trim_start_matches("email."), &bounce[0], &bounce[1]]);
    let diagnostic = match data.get("bounce").and_then(|bounce| bounce.get("diagnosticCode")) {
        Some(Value::Array(codes)) => words(codes.iter().map(|code| text(code, &[]))),
        _ => words([data_of(&["bounce", "diagnosticCode"])]),
    };
    let to = match data.get("to") {
        Some(Value::Array(to)) => to.first().and_then(|to| address(to, &[])),
        _ => address(data, &["to"]),
    };
    // Resend has no id for an event: the same is told of the same mail at the same time.
    let id = [text(event, &["type"]), data_of(&["email_id"]), text(event, &["created_at"])];
    let id = id.iter().all(Option::is_some).then(|| words(id));
    let mut told = Event::about(kind, id, to, diagnostic)
        .with_token(first(data, &[&["tags", "eshot"]]))
        .with_message_id(data_of(&["message_id"]));
    for header in data.get("headers").and_then(Value::as_array).into_iter().flatten().take(100) {
        match text(header, &["name"]).unwrap_or_default().to_ascii_lowercase().as_str() {
            "message-id" => told = told.with_message_id(text(header, &["value"])),
            "x-entity-ref-id" => told = told.with_token(text(header, &["value"])),
            _ => {}
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(key: &[u8], id: &str, time: &str, body: &str) -> String {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{id}.{time}.{body}").as_bytes());
        format!("v1,{}", BASE64.encode(mac.as_ref()))
    }

    #[test]
    fn one_of_the_signatures_has_to_be_ours_over_all_three() {
        let key = b"0123456789abcdef0123";
        let resend = Resend::new(&format!("whsec_{}", BASE64.encode(key))).unwrap();
        let now = DateTime::from_timestamp(1_700_000_100, 0).unwrap();
        let asked = |id: &str, time: &str, signature: &str, body: &str| {
            let headers = [("svix-id", id), ("svix-timestamp", time), ("svix-signature", signature)];
            resend.proves(&Posted { headers: &headers, body: body.as_bytes() }, now).is_ok()
        };
        let right = signed(key, "msg_1", "1700000000", "{}");
        assert!(asked("msg_1", "1700000000", &right, "{}"));
        assert!(asked("msg_1", "1700000000", &format!("v1,AAAA v2,x {right}"), "{}"), "keys are being changed");
        assert!(!asked("msg_2", "1700000000", &right, "{}"));
        assert!(!asked("msg_1", "1700000001", &right, "{}"));
        assert!(!asked("msg_1", "1700000000", &right, "{ }"));
        assert!(!asked("msg_1", "1700000000", &right.replace("v1,", "v2,"), "{}"));
        assert!(!asked("msg_1", "1700000000", &signed(b"another key, and long", "msg_1", "1700000000", "{}"), "{}"));
        assert!(!asked("msg_1", "1699999000", &signed(key, "msg_1", "1699999000", "{}"), "{}"), "too old");
        for wrong in ["", "whsec_", "whsec_!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(Resend::new(wrong).is_none(), "{wrong}");
        }
    }
}
