//! SendGrid.

use std::sync::Arc;

use sender::service::{Meaning, Service};
use testkit::http::{HttpAnswer, HttpSink};
use verdict::Class;

use super::{checked, means, request, service};

fn sendgrid(sink: &HttpSink) -> Arc<Service> {
    service(&format!("sendgrid+http://{}", sink.address()), "")
}

fn refused(status: u16, field: Option<&str>, message: &str) -> HttpAnswer {
    let body = serde_json::json!({ "errors": [{ "message": message, "field": field, "help": null }] });
    HttpAnswer::new(status, body.to_string())
}

#[tokio::test]
async fn the_parts_of_the_message_are_handed_over_without_tracking() {
    let answer = HttpAnswer::new(202, "").header("X-Message-Id", "14c5d75ce93.dfd.64b469");
    let (request, id) = request(sendgrid, answer).await;
    assert_eq!(id.as_deref(), Some("14c5d75ce93.dfd.64b469"));
    insta::assert_snapshot!(request);
}

#[tokio::test]
async fn each_answer_has_one_meaning() {
    let sender = Meaning::SenderRefused;
    let cases = vec![
        (
            refused(400, Some("personalizations.0.to.0.email"), "Does not contain a valid address."),
            Meaning::Refused(Class::Hard),
            "sendgrid.recipient",
        ),
        (refused(400, Some("from.email"), "Does not contain a valid address."), sender, "sendgrid.sender"),
        (refused(400, Some("subject"), "The subject is required."), Meaning::Later(Some(Class::Block)), "http.refused"),
        (
            refused(403, Some("from"), "The from address does not match a verified Sender Identity."),
            sender,
            "sendgrid.identity-not-verified",
        ),
        (refused(403, None, "access forbidden"), Meaning::LockedOut, "http.forbidden"),
        (refused(401, None, "Maximum credits exceeded"), Meaning::LockedOut, "http.not-let-in"),
        (refused(413, None, "too large"), Meaning::Refused(Class::Content), "http.too-large"),
        (refused(429, None, "too many requests"), Meaning::Later(None), "http.too-many"),
        (HttpAnswer::new(200, ""), Meaning::LockedOut, "sendgrid.not-queued"),
        (HttpAnswer::new(503, ""), Meaning::Later(None), "http.overloaded"),
    ];
    means(sendgrid, cases).await;
}

#[tokio::test]
async fn a_check_asks_what_the_key_may() {
    let (line, found) = checked(sendgrid, HttpAnswer::new(200, r#"{"scopes":["mail.send","alerts.read"]}"#)).await;
    assert_eq!((line.as_str(), found.as_deref()), ("GET /v3/scopes", Ok("the key may send")));
    let (_, found) = checked(sendgrid, HttpAnswer::new(200, r#"{"scopes":["alerts.read"]}"#)).await;
    assert_eq!(found, Err("the relay does not offer sending: the key does not have the scope mail.send".to_owned()));
    let wrong = refused(401, None, "The provided authorization grant is invalid, expired, or revoked");
    let (_, found) = checked(sendgrid, wrong).await;
    let words = "the relay answered 401 The provided authorization grant is invalid, expired, or revoked";
    assert_eq!(found, Err(words.to_owned()));
}
