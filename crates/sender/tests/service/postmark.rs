//! Postmark.

use std::sync::Arc;

use sender::service::{Meaning, Service};
use testkit::http::{HttpAnswer, HttpSink};
use verdict::Class;

use super::{checked, means, request, service};

fn postmark(sink: &HttpSink) -> Arc<Service> {
    service(&format!("postmark+http://{}?stream=broadcast", sink.address()), "")
}

fn refused(code: u16, message: &str) -> HttpAnswer {
    HttpAnswer::new(422, serde_json::json!({ "ErrorCode": code, "Message": message }).to_string())
}

#[tokio::test]
async fn the_parts_of_the_message_are_handed_over_without_tracking() {
    let answer =
        r#"{"To":"x","SubmittedAt":"2026-03-02T09:30:00Z","MessageID":"0a129aee-e1cd","ErrorCode":0,"Message":"OK"}"#;
    let (request, id) = request(postmark, HttpAnswer::new(200, answer)).await;
    assert_eq!(id.as_deref(), Some("0a129aee-e1cd"));
    insta::assert_snapshot!(request);
}

#[tokio::test]
async fn each_answer_has_one_meaning() {
    let sender = Meaning::SenderRefused;
    let inactive = "You tried to send to recipient(s) that have been marked as inactive. Found inactive addresses: ada@example.com.";
    let cases = vec![
        (refused(406, inactive), Meaning::Refused(Class::Hard), "postmark.inactive-recipient"),
        (
            refused(300, "Error parsing 'To': Illegal email address 'ada@@example.com'."),
            Meaning::Refused(Class::Hard),
            "postmark.recipient",
        ),
        (refused(300, "Invalid 'From' address: ''."), sender, "postmark.sender"),
        (
            refused(300, "Provide either email TextBody or HtmlBody or both."),
            Meaning::Later(Some(Class::Block)),
            "http.refused",
        ),
        (
            refused(400, "The 'From' address you supplied is not a Sender Signature on your account."),
            sender,
            "postmark.signature-not-found",
        ),
        (refused(401, "not confirmed"), sender, "postmark.signature-not-confirmed"),
        (refused(405, "out of credits"), Meaning::LockedOut, "postmark.not-allowed"),
        (refused(412, "pending"), Meaning::LockedOut, "postmark.account-pending"),
        (refused(413, "may not send"), Meaning::LockedOut, "postmark.account-may-not-send"),
        (
            refused(1235, "The stream provided: 'x' does not exist on this server."),
            Meaning::LockedOut,
            "postmark.no-such-stream",
        ),
        (
            HttpAnswer::new(401, r#"{"ErrorCode":10,"Message":"No Account or Server API tokens were supplied"}"#),
            Meaning::LockedOut,
            "http.not-let-in",
        ),
        (HttpAnswer::new(429, "{}"), Meaning::Later(None), "http.too-many"),
        (
            HttpAnswer::new(503, r#"{"ErrorCode":100,"Message":"Maintenance"}"#),
            Meaning::Later(None),
            "postmark.maintenance",
        ),
        (HttpAnswer::new(500, "{}"), Meaning::InDoubt, "http.broken"),
    ];
    means(postmark, cases).await;
}

#[tokio::test]
async fn a_check_asks_for_the_server() {
    let (line, found) = checked(postmark, HttpAnswer::new(200, r#"{"Name":"News","DeliveryType":"Live"}"#)).await;
    assert_eq!((line.as_str(), found.as_deref()), ("GET /server", Ok("the server News")));
    let (_, found) = checked(postmark, HttpAnswer::new(200, r#"{"Name":"News","DeliveryType":"Sandbox"}"#)).await;
    assert_eq!(found.as_deref(), Ok("the server News; a sandbox: nobody gets its mail"));
    let wrong = HttpAnswer::new(401, r#"{"ErrorCode":10,"Message":"Request does not contain a valid Server token."}"#);
    let (_, found) = checked(postmark, wrong).await;
    assert_eq!(found, Err("the relay answered 401 10: Request does not contain a valid Server token.".to_owned()));
}
