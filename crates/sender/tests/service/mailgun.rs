//! Mailgun.

use std::sync::Arc;

use sender::service::{Meaning, Service};
use testkit::http::{HttpAnswer, HttpSink};
use verdict::Class;

use super::{answered, checked, means, request, service};

fn mailgun(sink: &HttpSink) -> Arc<Service> {
    service(&format!("mailgun+http://{}/mg.example.com", sink.address()), "")
}

fn refused(status: u16, message: &str) -> HttpAnswer {
    HttpAnswer::new(status, serde_json::json!({ "message": message }).to_string())
}

#[tokio::test]
async fn the_message_is_handed_over_as_it_is_and_without_tracking() {
    let answer = r#"{"id":"<m-1@bounce.example.com>","message":"Queued. Thank you."}"#;
    let (request, id) = request(mailgun, HttpAnswer::new(200, answer)).await;
    assert_eq!(id.as_deref(), Some("m-1@bounce.example.com"));
    insta::assert_snapshot!(request);
}

#[tokio::test]
async fn each_answer_has_one_meaning() {
    let cases = vec![
        (
            refused(400, "to parameter is not a valid address. please check documentation"),
            Meaning::Refused(Class::Hard),
            "mailgun.recipient",
        ),
        (
            refused(400, "'from' parameter is not a valid address. please check documentation"),
            Meaning::Later(Some(Class::Block)),
            "http.refused",
        ),
        (
            refused(400, "Domain mg.example.com is not allowed to send: account is disabled"),
            Meaning::LockedOut,
            "mailgun.not-allowed",
        ),
        (HttpAnswer::new(401, "Forbidden"), Meaning::LockedOut, "http.not-let-in"),
        (refused(404, "Domain not found: mg.example.com"), Meaning::LockedOut, "http.no-such-place"),
        (refused(420, "limit exceeded"), Meaning::Later(None), "mailgun.limit"),
        (refused(429, "Too many requests"), Meaning::Later(None), "http.too-many"),
        (refused(500, "Internal Server Error"), Meaning::InDoubt, "http.broken"),
    ];
    means(mailgun, cases).await;
}

#[tokio::test]
async fn the_key_is_in_no_answer_however_it_is_repeated() {
    let encoded = data_encoding::BASE64.encode(format!("api:{}", super::SECRET).as_bytes());
    let answered = answered(mailgun, refused(401, &format!("no {} and {encoded}", super::SECRET))).await;
    assert_eq!(answered.reply.to_string(), "401 no [secret] and [secret]");
}

#[tokio::test]
async fn a_check_asks_for_the_domain() {
    let domain =
        |state: &str| HttpAnswer::new(200, format!(r#"{{"domain":{{"name":"mg.example.com","state":"{state}"}}}}"#));
    let (line, found) = checked(mailgun, domain("active")).await;
    assert_eq!(
        (line.as_str(), found.as_deref()),
        ("GET /v4/domains/mg.example.com", Ok("the domain mg.example.com is active"))
    );
    let (_, found) = checked(mailgun, domain("unverified")).await;
    assert_eq!(found, Err("the relay does not offer sending: the domain is not active".to_owned()));
    let (_, found) = checked(mailgun, HttpAnswer::new(401, "Forbidden")).await;
    assert_eq!(found, Err("the relay answered 401 Forbidden".to_owned()));
}
