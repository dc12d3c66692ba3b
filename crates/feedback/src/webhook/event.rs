use std::fmt;

use database::private::Stars;
use domain::EmailAddress;
use serde_json::Value;

use crate::rfc5965::{FeedbackReport, FeedbackType};
use crate::{Action, AutoReply, DeliveryReport, Kind, Recipient, Returned, Traces};

use super::Meaning;

/// One event, as a service tells it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// What the service calls it, from the general to the special: `bounce.blocked`.
    pub(super) kind: String,
    /// By what the service knows it: the same when it tells it again.
    pub(super) id: Option<String>,
    /// Whom it is about, and in which words.
    pub(super) recipients: Vec<Recipient>,
    /// What in it may be a token of ours.
    pub(super) traces: Traces,
}

/// Masked: it tells who it is about.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("kind", &self.kind).field("rest", &Stars).finish()
    }
}

impl Event {
    /// An event about one recipient.
    pub(super) fn about(kind: String, id: Option<String>, recipient: Option<EmailAddress>, words: String) -> Self {
        Self { kind, id, recipients: vec![recipient_of(recipient, words)], traces: Traces::default() }
    }

    /// With the token that was given along with the message.
    pub(super) fn with_token(mut self, token: Option<String>) -> Self {
        self.traces.envelope_ids.extend(token);
        self
    }

    /// With the Message-ID that the message went with.
    pub(super) fn with_message_id(mut self, id: Option<String>) -> Self {
        self.traces.message_ids.extend(id);
        self
    }

    /// With the envelope sender that the message went with.
    pub(super) fn with_return_path(mut self, path: Option<String>) -> Self {
        self.traces.return_paths.extend(path);
        self
    }

    /// With what else may be a token: the tags of the message, where there is no better place for one.
    pub(super) fn with_tags(mut self, tags: Option<&Value>) -> Self {
        let tags = tags.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).take(16);
        self.traces.envelope_ids.extend(tags.map(str::to_owned));
        self
    }

    /// Whom it names first.
    pub(crate) fn recipient(&self) -> Option<&EmailAddress> {
        self.recipients.iter().find_map(|recipient| recipient.address.as_ref())
    }

    /// What in it may be a token of ours.
    pub(crate) fn traces(&self) -> &Traces {
        &self.traces
    }

    /// By what it is known.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The same as if a mail server had told it.
    pub(crate) fn returned(self, meaning: Meaning) -> Returned {
        let report = |action| {
            let recipients = self.recipients.iter().cloned().map(|recipient| Recipient { action, ..recipient });
            Kind::Delivery(DeliveryReport { reporting_mta: None, recipients: recipients.collect() })
        };
        let kind = match meaning {
            Meaning::Failed(_) | Meaning::Suppressed => report(Action::Failed),
            Meaning::Delayed => report(Action::Delayed),
            Meaning::Arrived => report(Action::Delivered),
            Meaning::Complaint => Kind::Feedback(FeedbackReport {
                kind: FeedbackType::Abuse,
                user_agent: None,
                recipient: self.recipient().cloned(),
            }),
            Meaning::Unsubscribe => Kind::Unsubscribe,
            Meaning::Answer => Kind::AutoReply(AutoReply::Header),
            Meaning::Nothing => Kind::Unknown,
        };
        Returned { kind, traces: self.traces, report_id: self.id, subject: None, moved: None }
    }
}

/// What is said of one recipient; what happened is for the table to say.
pub(super) fn recipient_of(address: Option<EmailAddress>, words: String) -> Recipient {
    let status = verdict::codes(&words).status;
    Recipient {
        address,
        written: None,
        original: None,
        action: Action::Failed,
        status,
        diagnostic: words,
        remote_mta: None,
    }
}
