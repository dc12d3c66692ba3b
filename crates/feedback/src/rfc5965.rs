//! Feedback reports (ARF), RFC 5965, with the types that RFC 6430 and RFC 6591 add.

use domain::EmailAddress;

use crate::fields;
use crate::parts::{Mail, Part};

/// What a mailbox provider passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackReport {
    /// What it is about.
    pub kind: FeedbackType,
    /// Who made the report: a program's name, RFC 5965 §3.1.
    pub user_agent: Option<String>,
    /// Whom the message was for, where that is not blacked out.
    pub recipient: Option<EmailAddress>,
}

/// The registered types of feedback.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum FeedbackType {
    /// The recipient calls it spam.
    Abuse,
    /// The recipient calls it fraud or phishing.
    Fraud,
    /// The recipient wants to leave (the old `opt-out` and `opt-out-list`).
    OptOut,
    /// A scanner found malware.
    Virus,
    /// The recipient takes an earlier complaint back, RFC 6430.
    NotSpam,
    /// A server could not authenticate a message, RFC 6591: for the operator, not from the recipient.
    AuthFailure,
    /// Anything else.
    Other,
}

impl FeedbackType {
    /// Whether the recipient wants no more of this.
    pub const fn is_complaint(self) -> bool {
        matches!(self, Self::Abuse | Self::Fraud | Self::OptOut)
    }

    /// The name as RFC 5965 §7.3 registers it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abuse => "abuse",
            Self::Fraud => "fraud",
            Self::OptOut => "opt-out",
            Self::Virus => "virus",
            Self::NotSpam => "not-spam",
            Self::AuthFailure => "auth-failure",
            Self::Other => "other",
        }
    }

    fn read(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "abuse" => Self::Abuse,
            "fraud" => Self::Fraud,
            "opt-out" | "opt-out-list" => Self::OptOut,
            "virus" => Self::Virus,
            "not-spam" => Self::NotSpam,
            "auth-failure" | "dmarc" => Self::AuthFailure,
            _ => Self::Other,
        }
    }
}

/// Reads a feedback report, or the older form that Hotmail sends without one.
pub(crate) fn read(mail: &Mail) -> Option<FeedbackReport> {
    mail.parts.iter().find(|part| part.is_message("feedback-report")).and_then(report).or_else(|| hotmail(mail))
}

fn report(part: &Part) -> Option<FeedbackReport> {
    let groups = fields::groups(&part.text);
    let value = |name| groups.iter().find_map(|fields| fields::value(fields, name));
    Some(FeedbackReport {
        kind: FeedbackType::read(value("Feedback-Type")?),
        user_agent: value("User-Agent").map(str::to_owned),
        recipient: value("Original-Rcpt-To").or_else(|| value("Removal-Recipient")).and_then(address),
    })
}

/// Junk Mail Reporting of old: the message itself, with a header that names the recipient.
fn hotmail(mail: &Mail) -> Option<FeedbackReport> {
    let returned = mail.parts.iter().filter(|part| part.is_returned()).flat_map(|part| fields::groups(&part.text));
    let recipient = returned
        .flatten()
        .find(|field| field.is("X-HmXmrOriginalRecipient"))
        .map(|field| field.value.into_owned())
        .or_else(|| mail.headers.get("x-hmxmroriginalrecipient").map(str::to_owned))?;
    Some(FeedbackReport { kind: FeedbackType::Abuse, user_agent: None, recipient: address(&recipient) })
}

fn address(text: &str) -> Option<EmailAddress> {
    let text = text.rsplit(';').next().unwrap_or_default().trim();
    text.trim_start_matches('<').trim_end_matches('>').parse().ok()
}
