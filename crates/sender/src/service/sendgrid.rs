//! SendGrid, Web API v3: [`POST /v3/mail/send`](https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send) with the parts of
//! the message, and `GET /v3/scopes` to ask. Subusers in the EU are at `api.eu.sendgrid.com`.
//!
//! Tracking of opens and clicks, a link to unsubscribe and a footer of SendGrid's own are switched off in each request. The
//! delivery's token goes along in `custom_args`, which come back in each event. The id of the message is the header
//! [`X-Message-Id`](https://www.twilio.com/docs/sendgrid/glossary/x-message-id), with which `sg_message_id` begins in events.

use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::TOKEN;
use super::call::{Call, Reading, Told, secret};
use super::parts::{Mailbox, Parts};
use crate::connection::{Message, Unfit};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An account at SendGrid.
#[derive(Clone)]
pub(super) struct SendGrid {
    pub(super) key: SecretString,
}

impl SendGrid {
    pub(super) fn hand_over(&self, message: &Message) -> Result<Call, Unfit> {
        let parts = Parts::of(message)?;
        let to = Mailbox { name: parts.to_name, address: message.recipient.to_string() };
        let mut headers: Map<String, Value> =
            parts.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
        headers.insert("Message-ID".to_owned(), parts.message_id.into());
        let mut body = json!({
            "personalizations": [{ "to": [mailbox(&to)], "custom_args": { TOKEN: message.envid } }],
            "from": mailbox(&parts.from),
            "subject": parts.subject,
            "content": [
                { "type": "text/plain", "value": parts.text },
                { "type": "text/html", "value": parts.html },
            ],
            "headers": headers,
            "tracking_settings": {
                "click_tracking": { "enable": false, "enable_text": false },
                "open_tracking": { "enable": false },
                "subscription_tracking": { "enable": false },
                "ganalytics": { "enable": false },
            },
            "mail_settings": { "footer": { "enable": false } },
        });
        if let Some(reply_to) = &parts.reply_to {
            body["reply_to"] = mailbox(reply_to);
        }
        Ok(self.call(Method::POST, "/v3/mail/send", body.to_string()))
    }

    pub(super) fn ask(&self) -> Call {
        self.call(Method::GET, "/v3/scopes", String::new())
    }

    fn call(&self, method: Method, target: &str, body: String) -> Call {
        let bearer = secret(&format!("Bearer {}", self.key.expose_secret()));
        let headers = vec![(AUTHORIZATION, bearer), (CONTENT_TYPE, JSON), (ACCEPT, JSON)];
        Call { method, target: target.to_owned(), headers, body: body.into() }
    }

    pub(super) fn read(told: &Told) -> Reading {
        let body = told.json();
        let first = &body["errors"][0];
        let text = |name: &str| first[name].as_str().map(str::to_owned);
        Reading {
            id: told.header("x-message-id").map(str::to_owned),
            // The field that it does not like.
            code: text("field").unwrap_or_default(),
            words: text("message").unwrap_or_else(|| told.text()),
        }
    }

    /// Whether the key may send, in words; none if it may not.
    pub(super) fn describe(answer: &Value) -> Option<String> {
        let scopes = answer["scopes"].as_array()?;
        scopes.iter().any(|scope| scope == "mail.send").then(|| "the key may send".to_owned())
    }
}

fn mailbox(mailbox: &Mailbox) -> Value {
    match &mailbox.name {
        Some(name) => json!({ "email": mailbox.address, "name": name }),
        None => json!({ "email": mailbox.address }),
    }
}
