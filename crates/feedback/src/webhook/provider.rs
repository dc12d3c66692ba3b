use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::{Event, brevo, mailersend, mailgun, mailjet, postmark, resend, scaleway, sendgrid, ses, signed, sparkpost};

/// Whose events they are.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// Amazon SES, through SNS.
    Ses,
    /// SendGrid.
    SendGrid,
    /// Mailgun.
    Mailgun,
    /// Postmark.
    Postmark,
    /// SparkPost.
    SparkPost,
    /// Mailjet.
    Mailjet,
    /// Brevo.
    Brevo,
    /// Resend.
    Resend,
    /// MailerSend.
    MailerSend,
    /// Scaleway, through its own SNS.
    Scaleway,
    /// Anybody who signs as `docs/webhooks.md` says.
    Signed,
}

/// There is no such service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no webhook provider {0:?}; there are {names}", names = Provider::ALL.map(Provider::as_str).join(", "))]
pub struct UnknownProvider(String);

impl Provider {
    /// Every service whose events are understood.
    pub const ALL: [Self; 11] = [
        Self::Ses,
        Self::SendGrid,
        Self::Mailgun,
        Self::Postmark,
        Self::SparkPost,
        Self::Mailjet,
        Self::Brevo,
        Self::Resend,
        Self::MailerSend,
        Self::Scaleway,
        Self::Signed,
    ];

    /// The name, as configuration, rules, database and metrics write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ses => "ses",
            Self::SendGrid => "sendgrid",
            Self::Mailgun => "mailgun",
            Self::Postmark => "postmark",
            Self::SparkPost => "sparkpost",
            Self::Mailjet => "mailjet",
            Self::Brevo => "brevo",
            Self::Resend => "resend",
            Self::MailerSend => "mailersend",
            Self::Scaleway => "scaleway",
            Self::Signed => "signed",
        }
    }

    /// The events of a body; nothing where it is not this service's.
    pub(super) fn split(self, body: Value) -> Option<Vec<Value>> {
        match self {
            Self::SendGrid | Self::Mailjet => list_or_one(body),
            Self::Mailgun => mailgun::split(body),
            Self::SparkPost => sparkpost::split(body),
            Self::Signed => signed::split(body),
            Self::Ses | Self::Postmark | Self::Brevo | Self::Resend | Self::MailerSend | Self::Scaleway => one(body),
        }
    }

    /// What one event says. Total: whatever the JSON, there is an answer.
    pub(crate) fn read(self, event: &Value) -> Event {
        match self {
            Self::Ses => ses::read(event),
            Self::SendGrid => sendgrid::read(event),
            Self::Mailgun => mailgun::read(event),
            Self::Postmark => postmark::read(event),
            Self::SparkPost => sparkpost::read(event),
            Self::Mailjet => mailjet::read(event),
            Self::Brevo => brevo::read(event),
            Self::Resend => resend::read(event),
            Self::MailerSend => mailersend::read(event),
            Self::Scaleway => scaleway::read(event),
            Self::Signed => signed::read(event),
        }
    }
}

fn one(body: Value) -> Option<Vec<Value>> {
    body.is_object().then(|| vec![body])
}

fn list_or_one(body: Value) -> Option<Vec<Value>> {
    match body {
        Value::Array(events) => Some(events),
        body => one(body),
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|provider| provider.as_str() == text);
        known.ok_or_else(|| UnknownProvider(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Keys that the services use, so that what is found under them is anything.
    const KEYS: [&str; 24] = [
        "event",
        "event-data",
        "signature",
        "delivery-status",
        "code",
        "message",
        "headers",
        "message-id",
        "recipient",
        "email",
        "reason",
        "type",
        "data",
        "bounce",
        "to",
        "tags",
        "msys",
        "message_event",
        "events",
        "RecordType",
        "Type",
        "Details",
        "Metadata",
        "eshot",
    ];

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            Just(json!("Ada <ada@example.com>")),
            Just(json!("bounce")),
        ];
        let key = prop_oneof![prop::sample::select(&KEYS[..]).prop_map(str::to_owned), ".{0,4}"];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(key.clone(), inner, 0..6).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_json_panics(body in anything()) {
            for provider in Provider::ALL {
                provider.read(&body);
                for event in provider.split(body.clone()).into_iter().flatten() {
                    provider.read(&event);
                }
            }
        }
    }

    #[test]
    fn a_provider_is_known_by_its_name_only() {
        for provider in Provider::ALL {
            assert_eq!(provider.as_str().parse(), Ok(provider));
        }
        assert!("SendGrid".parse::<Provider>().is_err() && "listener".parse::<Provider>().is_err());
    }
}
