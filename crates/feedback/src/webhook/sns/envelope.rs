use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A message as SNS posts it.
/// [The fields](https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html#http-notification-json).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Envelope {
    #[serde(rename = "Type")]
    pub(super) kind: Kind,
    pub(super) message_id: String,
    #[serde(default)]
    pub(super) token: Option<String>,
    #[serde(rename = "TopicArn")]
    pub(super) topic: String,
    #[serde(default)]
    pub(super) subject: Option<String>,
    pub(super) message: String,
    pub(super) timestamp: String,
    pub(super) signature_version: String,
    pub(super) signature: String,
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    pub(super) signing_cert_url: String,
    #[serde(default, rename = "SubscribeURL", alias = "SubscribeUrl")]
    pub(super) subscribe_url: Option<String>,
}

/// What a message is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Kind {
    Notification,
    SubscriptionConfirmation,
    UnsubscribeConfirmation,
}

impl Envelope {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    pub(super) fn sent_at(&self) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(&self.timestamp).ok().map(|at| at.to_utc())
    }

    /// What is signed: names and values, each on a line of its own, in the order of their names.
    pub(super) fn signed(&self) -> String {
        let subject = self.subject.as_deref();
        let fields: &[(&str, Option<&str>)] = match self.kind {
            Kind::Notification => &[
                ("Message", Some(&self.message)),
                ("MessageId", Some(&self.message_id)),
                ("Subject", subject),
                ("Timestamp", Some(&self.timestamp)),
                ("TopicArn", Some(&self.topic)),
                ("Type", Some("Notification")),
            ],
            Kind::SubscriptionConfirmation | Kind::UnsubscribeConfirmation => &[
                ("Message", Some(&self.message)),
                ("MessageId", Some(&self.message_id)),
                ("SubscribeURL", self.subscribe_url.as_deref()),
                ("Timestamp", Some(&self.timestamp)),
                ("Token", self.token.as_deref()),
                ("TopicArn", Some(&self.topic)),
                (
                    "Type",
                    Some(if self.kind == Kind::SubscriptionConfirmation {
                        "SubscriptionConfirmation"
                    } else {
                        "UnsubscribeConfirmation"
                    }),
                ),
            ],
        };
        let line = |(name, value): &(&str, Option<&str>)| value.map(|value| format!("{name}\n{value}\n"));
        fields.iter().filter_map(line).collect()
    }
}
