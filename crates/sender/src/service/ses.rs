//! Amazon SES, API v2: [SendEmail](https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html) with the message as it
//! is (`Content.Raw`), and [GetAccount](https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html) to ask.
//!
//! SES looks for opens and clicks only where a configuration set says so; a request cannot forbid it, so a set that does is not to be
//! named. The delivery's token goes along as a
//! [message tag](https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html): letters, digits, `_` and `-`.

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::TOKEN;
use super::call::{Call, Reading, Told, secret};
use super::sigv4::{Scope, Signed, stamp};
use crate::connection::Message;

const SEND: &str = "/v2/email/outbound-emails";
const ACCOUNT: &str = "/v2/email/account";
const JSON: &str = "application/json";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// A message without our signatures. SES puts a Date and a Message-ID of its own in the place of ours, which both are signed, and
/// takes no more than one signature
/// ([header fields](https://docs.aws.amazon.com/ses/latest/dg/header-fields.html)); it signs for the domain itself.
fn unsigned(raw: &[u8]) -> &[u8] {
    const SIGNATURE: &[u8] = b"DKIM-Signature:";
    let mut rest = raw;
    while rest.get(..SIGNATURE.len()).is_some_and(|name| name.eq_ignore_ascii_case(SIGNATURE)) {
        // A field goes on in every line that begins with a blank (RFC 5322 §2.2.3).
        let ends = memchr::memmem::find_iter(rest, b"\r\n").map(|at| at + 2);
        let end = ends.into_iter().find(|at| !matches!(rest.get(*at), Some(b' ' | b'\t')));
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    rest
}

/// An account in one region.
#[derive(Clone)]
pub(super) struct Ses {
    pub(super) region: String,
    pub(super) configuration_set: Option<String>,
    pub(super) key_id: String,
    pub(super) secret: SecretString,
}

impl Ses {
    pub(super) fn hand_over(&self, message: &Message, authority: &str, now: DateTime<Utc>) -> Call {
        let mut body = json!({
            // Beside the To header, because a stand-in may get what is for somebody else.
            "Destination": { "ToAddresses": [message.recipient.as_str()] },
            "Content": { "Raw": { "Data": BASE64.encode(unsigned(&message.raw)) } },
            "EmailTags": [{ "Name": TOKEN, "Value": message.envid }],
        });
        if let Some(set) = &self.configuration_set {
            body["ConfigurationSetName"] = set.as_str().into();
        }
        self.signed(Method::POST, SEND, body.to_string(), authority, now)
    }

    pub(super) fn ask(&self, authority: &str, now: DateTime<Utc>) -> Call {
        self.signed(Method::GET, ACCOUNT, String::new(), authority, now)
    }

    fn signed(&self, method: Method, path: &str, body: String, authority: &str, now: DateTime<Utc>) -> Call {
        let stamp = stamp(now);
        let scope =
            Scope { key_id: &self.key_id, secret: self.secret.expose_secret(), region: &self.region, service: "ses" };
        let headers = [("content-type", JSON), ("host", authority), ("x-amz-date", &stamp)];
        let signed = Signed { method: method.as_str(), path, headers: &headers, body: body.as_bytes() };
        let authorization = scope.authorization(&signed, now);
        let headers = vec![
            (CONTENT_TYPE, HeaderValue::from_static(JSON)),
            (ACCEPT, HeaderValue::from_static(JSON)),
            (AUTHORIZATION, secret(&authorization)),
            // Digits and letters.
            (DATE, HeaderValue::from_str(&stamp).unwrap_or_else(|_| HeaderValue::from_static(""))),
        ];
        Call { method, target: path.to_owned(), headers, body: body.into() }
    }

    pub(super) fn read(told: &Told) -> Reading {
        let body = told.json();
        let text = |names: &[&str]| names.iter().find_map(|name| body[*name].as_str()).map(str::to_owned);
        // `ErrorName:http://…`, by the header or, from some of what stands before SES, by the body.
        let code = told.header("x-amzn-errortype").map(str::to_owned).or_else(|| text(&["__type", "code"]));
        let code = code.unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
        let words =
            text(&["message", "Message"]).unwrap_or_else(|| if body.is_null() { told.text() } else { String::new() });
        Reading { id: text(&["MessageId"]), code: code.to_owned(), words }
    }

    /// What an account may, in words; none if it may send nothing.
    pub(super) fn describe(account: &Value) -> Option<String> {
        if account["SendingEnabled"] == json!(false) {
            return None;
        }
        let number = |name: &str| account["SendQuota"][name].as_f64().unwrap_or_default();
        let sandbox = if account["ProductionAccessEnabled"] == json!(false) {
            "; in the sandbox: only verified addresses get mail"
        } else {
            ""
        };
        Some(format!(
            "{} of {} messages sent in 24 hours, {} a second at most{sandbox}",
            number("SentLast24Hours"),
            number("Max24HourSend"),
            number("MaxSendRate")
        ))
    }
}
