//! MailerSend's [webhooks](https://developers.mailersend.com/api/v1/webhooks.html): one event a request, signed by an HMAC over the body in the
//! header `Signature`. There is no time in what is signed; that an event comes once more shows by its id.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER_PERMISSIVE;
use serde_json::Value;

use super::proof::{Unproven, is_mac};
use super::values::{address, first, kind, text};
use super::{Event, Posted};

/// A webhook's key.
#[derive(Clone)]
pub(super) struct MailerSend {
    pub(super) key: hmac::Key,
}

impl MailerSend {
    pub(super) fn proves(&self, posted: &Posted<'_>) -> Result<(), Unproven> {
        let signature = posted.header("signature").ok_or(Unproven)?;
        let mac = HEXLOWER_PERMISSIVE.decode(signature.as_bytes()).map_err(|_| Unproven)?;
        is_mac(&self.key, &[posted.body], &mac)
    }
}

/// Both forms: since 2025 the fields stand in `data` and `data.meta`, before that in `data.email` and `data.morph`.
pub(super) fn read(event: &Value) -> Event {
    let name = first(event, &[&["data", "type"], &["type"]]).unwrap_or_default();
    let recipient =
        address(event, &["data", "recipient"]).or_else(|| address(event, &["data", "email", "recipient", "email"]));
    let code = text(event, &["data", "meta", "bounce_code"]);
    let reason = first(event, &[&["data", "meta", "bounce_reason"], &["data", "morph", "reason"]]);
    let said = super::values::words([code, reason]);
    let kind = kind([name.trim_start_matches("activity.")]);
    Event::about(kind, text(event, &["data", "id"]), recipient, said)
        .with_message_id(first(event, &[&["data", "headers", "Message-ID"], &["data", "message_id"]]))
        .with_token(text(event, &["data", "headers", "X-Eshot"]))
        .with_tags(event.pointer("/data/tags"))
        .with_tags(event.pointer("/data/email/tags"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_webhooks_own_signature_over_the_body_is_believed() {
        let key = |key: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, key);
        let mailersend = MailerSend { key: key(b"key") };
        let asked = |signature: &str, body: &[u8]| {
            mailersend.proves(&Posted { headers: &[("Signature", signature)], body }).is_ok()
        };
        let signed = |with: &[u8], body: &[u8]| HEXLOWER_PERMISSIVE.encode(hmac::sign(&key(with), body).as_ref());
        assert!(asked(&signed(b"key", b"{}"), b"{}"));
        assert!(!asked(&signed(b"key", b"{}"), b"{ }"));
        assert!(!asked(&signed(b"kez", b"{}"), b"{}"));
        assert!(!asked("", b"{}") && !asked("zz", b"{}"));
        assert!(mailersend.proves(&Posted { headers: &[], body: b"{}" }).is_err());
    }
}
