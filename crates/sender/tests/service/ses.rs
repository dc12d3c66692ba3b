//! Amazon SES.

use sender::service::{Meaning, Session};
use testkit::http::{HttpAnswer, HttpSink};
use verdict::Class;

use super::{SECRET, always, answered, means, message, now, send, service, ses};

fn refused(status: u16, kind: &str, message: &str) -> HttpAnswer {
    let body = serde_json::json!({ "message": message }).to_string();
    HttpAnswer::new(status, body).header("x-amzn-ErrorType", kind)
}

#[tokio::test]
async fn the_message_is_handed_over_as_it_is_and_signed() {
    let sink = HttpSink::start(HttpAnswer::new(200, r#"{"MessageId":"0102018f-000000"}"#)).await;
    let url = format!("ses+http://{}/eu-west-1?configuration_set=news", sink.address());
    let mut session = Session::open(service(&url, "AKIDEXAMPLE")).await.unwrap();
    let ended = send(&mut session).await;
    assert_eq!(ended.relay_message_id(), Some("0102018f-000000"), "{ended:?}");
    let request = sink.requests().remove(0).to_string();
    let request = request.replace(&sink.address().to_string(), "HOST");
    // Host is signed, and its port differs each time.
    let signature = request.split("Signature=").nth(1).unwrap().split('\n').next().unwrap().to_owned();
    assert_eq!(signature.len(), 64);
    insta::assert_snapshot!(request.replace(&signature, "SIGNATURE"));
}

#[tokio::test]
async fn our_own_signatures_do_not_go_along() {
    let sink = HttpSink::start(HttpAnswer::new(200, r#"{"MessageId":"m-1"}"#)).await;
    let mut session = Session::open(ses(&sink)).await.unwrap();
    let mut signed = message();
    let bare = signed.raw.clone();
    signed.raw =
        [&b"DKIM-Signature: a=rsa-sha256;\r\n b=x\r\nDKIM-Signature: a=ed25519-sha256; b=y\r\n"[..], &bare].concat();
    session.send(&signed, &always(), now()).await;
    let request: serde_json::Value = serde_json::from_str(&sink.requests().remove(0).body).unwrap();
    let data = request["Content"]["Raw"]["Data"].as_str().unwrap();
    assert_eq!(data_encoding::BASE64.decode(data.as_bytes()).unwrap(), bare);
}

#[tokio::test]
async fn each_answer_has_one_meaning() {
    let (block, sender) = (Meaning::Later(Some(Class::Block)), Meaning::SenderRefused);
    means(
        ses,
        vec![
            (refused(400, "MessageRejected", "Email address is not verified. The following identities failed the check in region EU-WEST-1: news@example.com"), sender, "ses.identity-not-verified"),
            (refused(400, "MailFromDomainNotVerifiedException", "not verified"), sender, "ses.mail-from-not-verified"),
            (refused(400, "MessageRejected:http://internal.amazon.com/coral/", "Virus found"), Meaning::Refused(Class::Content), "ses.message-rejected"),
            (refused(400, "MessageRejected", "Sending suspended for this account."), Meaning::LockedOut, "ses.sending-paused"),
            (refused(400, "SendingPausedException", "paused"), Meaning::LockedOut, "ses.sending-paused"),
            (refused(400, "AccountSuspendedException", "suspended"), Meaning::LockedOut, "ses.account-suspended"),
            (refused(404, "NotFoundException", "Configuration set <news> does not exist."), Meaning::LockedOut, "ses.no-such-set"),
            (refused(400, "BadRequestException", "Illegal address"), Meaning::Refused(Class::Hard), "ses.recipient"),
            (refused(400, "BadRequestException", "Invalid JSON"), block, "http.refused"),
            (refused(429, "TooManyRequestsException", "Maximum sending rate exceeded."), Meaning::Later(None), "http.too-many"),
            (refused(400, "Throttling", "Daily message quota exceeded."), Meaning::Later(None), "ses.quota"),
            (refused(403, "InvalidClientTokenId", "The security token included in the request is invalid."), Meaning::LockedOut, "http.forbidden"),
            (HttpAnswer::new(402, "pay"), Meaning::LockedOut, "http.unpaid"),
            (HttpAnswer::new(421, ""), Meaning::Later(None), "http.wrong-server"),
            (HttpAnswer::new(503, "busy"), Meaning::Later(None), "http.overloaded"),
            (HttpAnswer::new(500, "oops"), Meaning::InDoubt, "http.broken"),
            (HttpAnswer::new(524, "a time-out behind us"), Meaning::InDoubt, "http.broken"),
            (HttpAnswer::new(502, "<html>Bad Gateway</html>"), Meaning::InDoubt, "http.broken"),
            (HttpAnswer::new(307, "").header("location", "https://elsewhere.example/"), Meaning::LockedOut, "http.moved"),
            (HttpAnswer::new(200, "no JSON"), Meaning::Taken, "http.taken"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_service_that_repeats_the_secret_does_not_bring_it_into_a_log() {
    let repeated = format!("the key {SECRET} does not fit");
    let answered = answered(ses, refused(403, "SignatureDoesNotMatch", &repeated)).await;
    assert_eq!(answered.reply.to_string(), "403 SignatureDoesNotMatch: the key [secret] does not fit");
    let shown = format!("{answered:?} {:?}", ses(&HttpSink::start(HttpAnswer::new(200, "")).await));
    assert!(!shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn a_check_asks_for_the_account_and_sends_nothing() {
    let account = |sending: bool| {
        let quota = r#"{"Max24HourSend":50000.0,"MaxSendRate":14.0,"SentLast24Hours":12.0}"#;
        HttpAnswer::new(
            200,
            format!(r#"{{"SendingEnabled":{sending},"ProductionAccessEnabled":false,"SendQuota":{quota}}}"#),
        )
    };
    let sink = HttpSink::start(account(true)).await;
    let probe = ses(&sink).probe(super::now()).await;
    let told: Vec<_> =
        probe.steps.iter().map(|step| (step.phase.as_str(), step.outcome.as_ref().unwrap().as_str())).collect();
    let quota =
        "12 of 50000 messages sent in 24 hours, 14 a second at most; in the sandbox: only verified addresses get mail";
    assert_eq!(told, [("connect", "it answers"), ("auth", quota)]);
    assert_eq!(sink.requests()[0].line, "GET /v2/email/account");

    sink.answer_with(account(false));
    assert!(!ses(&sink).probe(super::now()).await.is_good());
    sink.answer_with(refused(403, "AccessDeniedException", "not authorized to perform: ses:GetAccount"));
    let failed = ses(&sink).probe(super::now()).await.steps.pop().unwrap();
    let words = "the relay answered 403 AccessDeniedException: not authorized to perform: ses:GetAccount";
    assert_eq!((failed.phase.as_str(), failed.outcome.unwrap_err().to_string().as_str()), ("auth", words));
}
