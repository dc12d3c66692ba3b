//! What Amazon SES tells by mail through SNS: JSON in a mail of its own.
//!
//! <https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html>

use domain::{EmailAddress, EnhancedStatus};
use serde::Deserialize;

use crate::Kind;
use crate::parts::Mail;
use crate::rfc3464::{Action, DeliveryReport, Recipient};
use crate::rfc5965::{FeedbackReport, FeedbackType};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    notification_type: String,
    #[serde(default)]
    bounce: Option<Bounce>,
    #[serde(default)]
    complaint: Option<Complaint>,
    #[serde(default)]
    delivery: Option<Delivery>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounced_recipients: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complained_recipients: Vec<Named>,
}

#[derive(Deserialize)]
struct Delivery {
    recipients: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    email_address: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    diagnostic_code: Option<String>,
}

/// Reads a notification from the first text of a mail.
pub(crate) fn read(mail: &Mail) -> Option<Kind> {
    let text = &mail.parts.iter().find(|part| part.is_prose())?.text;
    let text = text.trim_start();
    if !text.starts_with('{') || !text.contains("notificationType") {
        return None;
    }
    // SNS folds long lines with a line feed and a blank, also within words.
    let json = text.replace('\r', "").replace("\n ", "").replace('\n', "");
    let told = serde_json::Deserializer::from_str(&json).into_iter::<Notification>().next()?.ok()?;
    let report = |recipients: Vec<Recipient>| {
        (!recipients.is_empty()).then_some(Kind::Delivery(DeliveryReport { reporting_mta: None, recipients }))
    };
    match told.notification_type.as_str() {
        "Complaint" => Some(Kind::Feedback(FeedbackReport {
            kind: FeedbackType::Abuse,
            user_agent: Some("Amazon SES".to_owned()),
            recipient: told.complaint?.complained_recipients.iter().find_map(|named| named.email_address.parse().ok()),
        })),
        "Bounce" => report(told.bounce?.bounced_recipients.into_iter().filter_map(bounced).collect()),
        "Delivery" => report(told.delivery?.recipients.iter().filter_map(|to| delivered(to)).collect()),
        _ => None,
    }
}

fn bounced(named: Named) -> Option<Recipient> {
    let status = named.status.and_then(|status| status.parse().ok());
    let diagnostic = named.diagnostic_code.unwrap_or_default();
    Some(recipient(named.email_address.parse().ok()?, Action::Failed, status, diagnostic))
}

fn delivered(address: &str) -> Option<Recipient> {
    Some(recipient(address.parse().ok()?, Action::Delivered, None, String::new()))
}

fn recipient(address: EmailAddress, action: Action, status: Option<EnhancedStatus>, diagnostic: String) -> Recipient {
    let diagnostic = diagnostic.split_once(';').map_or(diagnostic.as_str(), |(_, words)| words).trim().to_owned();
    Recipient { address: Some(address), written: None, original: None, action, status, diagnostic, remote_mta: None }
}
