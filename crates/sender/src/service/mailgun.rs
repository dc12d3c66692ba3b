//! Mailgun: [`POST /v3/DOMAIN/messages.mime`](https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages/post-v3--domain-name--messages-mime)
//! with the message as it is, and `GET /v4/domains/DOMAIN` to ask. A domain in the EU is at `api.eu.mailgun.net`.
//!
//! Tracking of opens, clicks and unsubscribes is switched off in each request. The delivery's token goes along as a variable, which
//! comes back in each event and stands in the header `X-Mailgun-Variables`.

use data_encoding::BASE64;
use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use memchr::memmem;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::TOKEN;
use super::call::{Call, Reading, Told, secret};
use crate::connection::Message;

/// A domain at Mailgun.
#[derive(Clone)]
pub(super) struct Mailgun {
    pub(super) domain: String,
    pub(super) key: SecretString,
}

impl Mailgun {
    pub(super) fn hand_over(&self, message: &Message) -> Call {
        let boundary = boundary(message);
        let token = format!("v:{TOKEN}");
        let fields = [
            // Beside the To header, because a stand-in may get what is for somebody else.
            ("to", message.recipient.as_str()),
            ("o:tracking", "no"),
            ("o:tracking-clicks", "no"),
            ("o:tracking-opens", "no"),
            (&token, &message.envid),
        ];
        let mut body = Vec::with_capacity(message.raw.len() + 1_024);
        for (name, value) in fields {
            let field = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(field.as_bytes());
        }
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.eml\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&message.raw);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        // A boundary is made of letters and digits.
        let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"));
        let kind = kind.unwrap_or_else(|_| HeaderValue::from_static("multipart/form-data"));
        Call {
            method: Method::POST,
            target: format!("/v3/{}/messages.mime", self.domain),
            headers: vec![(AUTHORIZATION, secret(&self.authorization())), (CONTENT_TYPE, kind)],
            body: body.into(),
        }
    }

    pub(super) fn ask(&self) -> Call {
        Call {
            method: Method::GET,
            target: format!("/v4/domains/{}", self.domain),
            headers: vec![(AUTHORIZATION, secret(&self.authorization()))],
            body: Default::default(),
        }
    }

    fn authorization(&self) -> String {
        format!("Basic {}", self.encoded())
    }

    /// The key as it goes over the wire (RFC 7617 §2).
    pub(super) fn encoded(&self) -> String {
        BASE64.encode(format!("api:{}", self.key.expose_secret()).as_bytes())
    }

    pub(super) fn read(told: &Told) -> Reading {
        let body = told.json();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        let words = text("message").or_else(|| text("Error")).unwrap_or_else(|| told.text());
        // Events name it without the angle brackets.
        let id = text("id").map(|id| id.trim_start_matches('<').trim_end_matches('>').to_owned());
        Reading { id, code: String::new(), words }
    }

    /// How a domain stands, in words; none if it may send nothing.
    pub(super) fn describe(answer: &Value) -> Option<String> {
        let (name, state) = (answer["domain"]["name"].as_str()?, answer["domain"]["state"].as_str()?);
        (state == "active").then(|| format!("the domain {name} is {state}"))
    }
}

/// What stands in no part of the message.
fn boundary(message: &Message) -> String {
    let mut boundary = "eshot7f3a9c".to_owned();
    while memmem::find(&message.raw, boundary.as_bytes()).is_some() {
        boundary.push('0');
    }
    boundary
}
