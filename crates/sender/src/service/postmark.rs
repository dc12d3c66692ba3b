//! Postmark: [`POST /email`](https://postmarkapp.com/developer/api/email-api#send-a-single-email) with the parts of the message, and
//! [`GET /server`](https://postmarkapp.com/developer/api/server-api) to ask.
//!
//! Tracking of opens and links is switched off in each request. The delivery's token goes along in `Metadata`, which comes back in each
//! webhook; our Message-ID stays because of `X-PM-KeepID`. Through a broadcast stream Postmark adds a link to unsubscribe and its
//! own List-Unsubscribe unless the stream is one where one
//! [manages unsubscribes on one's own](https://postmarkapp.com/support/article/managing-your-own-unsubscribe-process).

use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::TOKEN;
use super::call::{Call, Reading, Told, secret};
use super::parts::{Mailbox, Parts};
use crate::connection::{Message, Unfit};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SERVER_TOKEN: HeaderName = HeaderName::from_static("x-postmark-server-token");

/// A server at Postmark.
#[derive(Clone)]
pub(super) struct Postmark {
    /// The message stream; Postmark's default without one.
    pub(super) stream: Option<String>,
    pub(super) token: SecretString,
}

impl Postmark {
    pub(super) fn hand_over(&self, message: &Message) -> Result<Call, Unfit> {
        let parts = Parts::of(message)?;
        let to = Mailbox { name: parts.to_name, address: message.recipient.to_string() };
        let kept = [("Message-ID".to_owned(), parts.message_id), ("X-PM-KeepID".to_owned(), "true".to_owned())];
        let headers: Vec<Value> = parts
            .headers
            .into_iter()
            .chain(kept)
            .map(|(name, value)| json!({ "Name": name, "Value": value }))
            .collect();
        let mut body = json!({
            "From": parts.from.quoted(),
            "To": to.quoted(),
            "Subject": parts.subject,
            "TextBody": parts.text,
            "HtmlBody": parts.html,
            "Headers": headers,
            "TrackOpens": false,
            "TrackLinks": "None",
            "Metadata": { TOKEN: message.envid },
        });
        if let Some(reply_to) = &parts.reply_to {
            body["ReplyTo"] = reply_to.quoted().into();
        }
        if let Some(stream) = &self.stream {
            body["MessageStream"] = stream.as_str().into();
        }
        Ok(self.call(Method::POST, "/email", body.to_string()))
    }

    pub(super) fn ask(&self) -> Call {
        self.call(Method::GET, "/server", String::new())
    }

    fn call(&self, method: Method, target: &str, body: String) -> Call {
        let headers = vec![(SERVER_TOKEN, secret(self.token.expose_secret())), (CONTENT_TYPE, JSON), (ACCEPT, JSON)];
        Call { method, target: target.to_owned(), headers, body: body.into() }
    }

    pub(super) fn read(told: &Told) -> Reading {
        let body = told.json();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        // 0 is *OK*.
        let code = body["ErrorCode"].as_i64().filter(|code| *code != 0).map(|code| code.to_string());
        let words = text("Message").unwrap_or_else(|| told.text());
        Reading { id: text("MessageID"), code: code.unwrap_or_default(), words }
    }

    /// Which server it is, in words; none if it is none.
    pub(super) fn describe(answer: &Value) -> Option<String> {
        let name = answer["Name"].as_str()?;
        let sandbox = if answer["DeliveryType"] == "Sandbox" { "; a sandbox: nobody gets its mail" } else { "" };
        Some(format!("the server {name}{sandbox}"))
    }
}
