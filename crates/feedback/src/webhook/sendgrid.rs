//! SendGrid's [event webhook](https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event), signed as
//! [its security features](https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features)
//! say: ECDSA on P-256 with SHA-256 over the time and the body.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use serde_json::Value;

use super::proof::{Unproven, is_fresh};
use super::values::{address, kind, text, words};
use super::{Event, Posted};

/// A day and an hour. What was not taken is posted again for a day, and whether with a new time is not written anywhere. To take an old
/// one is harmless: the signature covers the body, and each event in it is known for longer than that.
const AGE: TimeDelta = TimeDelta::hours(25);

/// An account's key.
#[derive(Clone)]
pub(super) struct SendGrid(ParsedPublicKey);

impl SendGrid {
    /// Reads the key as SendGrid shows it: base64 of a SubjectPublicKeyInfo (RFC 5480).
    pub(super) fn new(text: &str) -> Option<Self> {
        let der = BASE64.decode(text.trim().as_bytes()).ok()?;
        ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der).ok().map(Self)
    }

    pub(super) fn proves(&self, posted: &Posted<'_>, now: DateTime<Utc>) -> Result<(), Unproven> {
        let signature = posted.header("x-twilio-email-event-webhook-signature").ok_or(Unproven)?;
        let time = posted.header("x-twilio-email-event-webhook-timestamp").ok_or(Unproven)?;
        is_fresh(time, AGE, now)?;
        let signature = BASE64.decode(signature.as_bytes()).map_err(|_| Unproven)?;
        let signed = [time.as_bytes(), posted.body].concat();
        self.0.verify_sig(&signed, &signature).map_err(|_| Unproven)
    }
}

pub(super) fn read(event: &Value) -> Event {
    let event_of = |key| text(event, &[key]);
    let name = event_of("event").unwrap_or_default();
    // A bounce is a bounce or a block, a drop has a reason out of a list.
    let special = match name.as_str() {
        "bounce" => event_of("type"),
        "dropped" => event_of("reason"),
        _ => None,
    };
    let said = if name == "dropped" {
        String::new()
    } else {
        words([event_of("status"), event_of("reason").or_else(|| event_of("response"))])
    };
    let kind = kind([name.as_str(), special.as_deref().unwrap_or_default()]);
    // Unique arguments stand beside the event's own fields.
    Event::about(kind, event_of("sg_event_id"), address(event, &["email"]), said)
        .with_token(event_of("eshot"))
        .with_message_id(event_of("smtp-id"))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    use super::*;

    const NOW: &str = "1700000000";

    fn signed(pair: &EcdsaKeyPair, time: &str, body: &[u8]) -> String {
        let signature = pair.sign(&SystemRandom::new(), &[time.as_bytes(), body].concat()).unwrap();
        BASE64.encode(signature.as_ref())
    }

    #[test]
    fn only_the_accounts_own_signature_over_time_and_body_is_believed() {
        let pair = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let (ours, other) = (pair(), pair());
        let der: PublicKeyX509Der<'_> = ours.public_key().as_der().unwrap();
        let sendgrid = SendGrid::new(&BASE64.encode(der.as_ref())).unwrap();
        let now = DateTime::from_timestamp(1_700_000_100, 0).unwrap();
        let asked = |time: &str, signature: &str, body: &[u8]| {
            let headers = [
                ("X-Twilio-Email-Event-Webhook-Signature", signature),
                ("X-Twilio-Email-Event-Webhook-Timestamp", time),
            ];
            sendgrid.proves(&Posted { headers: &headers, body }, now).is_ok()
        };
        let right = signed(&ours, NOW, b"[]\r\n");
        assert!(asked(NOW, &right, b"[]\r\n"));
        assert!(!asked(NOW, &right, b"[] \r\n"), "the body was changed");
        assert!(!asked("1700000001", &right, b"[]\r\n"), "the time was changed");
        assert!(!asked(NOW, &signed(&other, NOW, b"[]\r\n"), b"[]\r\n"), "another key");
        assert!(!asked(NOW, "", b"[]\r\n") && !asked(NOW, "AAAA", b"[]\r\n"), "no signature");
        let old = "1699900000";
        assert!(!asked(old, &signed(&ours, old, b"[]"), b"[]"), "a day and more ago");
        assert!(sendgrid.proves(&Posted { headers: &[], body: b"[]\r\n" }, now).is_err());
        assert!(SendGrid::new("AAAA").is_none() && SendGrid::new("").is_none());
    }
}
