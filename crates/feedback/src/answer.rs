//! What a mail that came back is, in the form that `eshot feedback parse` prints.

use serde::Serialize;
use verdict::{Class, Verdict, codes, judge_report};

use crate::{Action, DeliveryReport, FeedbackReport, Kind, Recipient, Returned};

/// A mail in one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// `bounce`, `delayed`, `delivered`, `complaint`, `auto_reply`, `receipt`, `unsubscribe` or `other`.
    pub kind: &'static str,
    /// Whom it is about: those whom the message did not reach, or who complained.
    pub recipients: Vec<Named>,
}

/// One recipient, and what is said of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Who, where the mail tells.
    pub address: Option<String>,
    /// `hard` suppresses; `soft`, `block` and `content` do not. Nothing where nothing failed.
    pub class: Option<&'static str>,
    /// The enhanced status code.
    pub status: Option<String>,
    /// The SMTP reply code.
    pub reply_code: Option<u16>,
    /// The rule that gave the class.
    pub rule: Option<String>,
    /// The words that it gave it on.
    pub words: Option<String>,
}

impl From<&Returned> for Answer {
    fn from(returned: &Returned) -> Self {
        let none = |kind| Self { kind, recipients: Vec::new() };
        match &returned.kind {
            Kind::Delivery(report) => Self::of(report),
            Kind::Feedback(report) => Self { kind: "complaint", recipients: complained(report) },
            Kind::AutoReply(_) => none("auto_reply"),
            Kind::Receipt(_) => none("receipt"),
            Kind::Unsubscribe => none("unsubscribe"),
            Kind::Unknown => none("other"),
        }
    }
}

impl Answer {
    fn of(report: &DeliveryReport) -> Self {
        let is = |action| report.recipients.iter().any(|recipient| recipient.action == action);
        if !is(Action::Failed) && !is(Action::Delayed) {
            return Self { kind: "delivered", recipients: report.recipients.iter().map(Named::reached).collect() };
        }
        let kind = if is(Action::Failed) { "bounce" } else { "delayed" };
        let missed = report.recipients.iter().filter(|who| matches!(who.action, Action::Failed | Action::Delayed));
        Self { kind, recipients: missed.map(Named::missed).collect() }
    }
}

fn complained(report: &FeedbackReport) -> Vec<Named> {
    report.recipient.iter().map(|address| Named { address: Some(address.to_string()), ..Named::nobody() }).collect()
}

impl Named {
    const fn nobody() -> Self {
        Self { address: None, class: None, status: None, reply_code: None, rule: None, words: None }
    }

    fn reached(recipient: &Recipient) -> Self {
        let address = recipient.address.as_ref().or(recipient.original.as_ref()).map(ToString::to_string);
        let written = recipient.written.clone().filter(|written| written.contains('@'));
        Self {
            address: address.or(written),
            status: recipient.status.map(|status| status.to_string()),
            ..Self::nobody()
        }
    }

    fn missed(recipient: &Recipient) -> Self {
        let verdict = judge_report(recipient.status, &recipient.diagnostic, None);
        Self {
            class: Some(class(recipient.action, &verdict)),
            reply_code: codes(&recipient.diagnostic).reply,
            rule: Some(verdict.rule),
            words: Some(verdict.words),
            ..Self::reached(recipient)
        }
    }
}

/// What is still being tried is not gone, whatever the words.
fn class(action: Action, verdict: &Verdict) -> &'static str {
    match verdict.class {
        Class::Hard | Class::DomainGone if action == Action::Failed => "hard",
        Class::Hard | Class::DomainGone | Class::LikelyGone | Class::Soft => "soft",
        Class::Block => "block",
        Class::Content => "content",
    }
}
