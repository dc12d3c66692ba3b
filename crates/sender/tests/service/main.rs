//! Connections to mail services over HTTP, against a real server that answers as it is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ends;
mod mailgun;
mod postmark;
mod sendgrid;
mod ses;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sender::connection::{Ended, Guard, Message};
use sender::relay::Timeouts;
use sender::service::{Answered, Meaning, Service, Session, Settings};
use testkit::http::{HttpAnswer, HttpSink};

/// Short enough to be waited for, long enough for a busy machine.
const PATIENCE: Duration = Duration::from_millis(400);

/// What no log and no error may hold.
const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";

/// The service at this address.
fn service(url: &str, key_id: &str) -> Arc<Service> {
    let timeouts = Timeouts { connect: PATIENCE, command: PATIENCE, body: PATIENCE, dot: PATIENCE };
    Arc::new(Service::new(Settings { timeouts, ..Settings::new(url.parse().unwrap(), key_id, SECRET) }).unwrap())
}

/// Amazon SES in the shape of this server.
fn ses(sink: &HttpSink) -> Arc<Service> {
    service(&format!("ses+http://{}/eu-west-1", sink.address()), "AKIDEXAMPLE")
}

fn message() -> Message {
    Message {
        return_path: "b-token@bounce.example.com".parse().unwrap(),
        recipient: "ada@example.com".parse().unwrap(),
        envid: "e7token".to_owned(),
        raw: b"From: Acme <news@example.com>\r\nTo: ada@example.com\r\nSubject: Hi\r\n\r\nHello\r\n".to_vec(),
    }
}

/// A message as it is composed, to a stand-in.
fn letter() -> Message {
    let raw = "X-Original-To: ada@example.com\r\nFrom: =?utf-8?B?Q2Fmw6k=?= <news@example.com>\r\n\
        To: Ada Lovelace <ada@example.com>\r\nSubject: =?utf-8?B?TmV1ZXMgYXVzIE3DvG5jaGVu?=\r\n\
        Date: Mon, 02 Mar 2026 09:30:00 +0000\r\nMessage-ID: <m-1@bounce.example.com>\r\nReply-To: office@example.com\r\n\
        List-Unsubscribe: <https://news.example.com/u/1>,\r\n <mailto:u-1@bounce.example.com>\r\n\
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFeedback-ID: 1:acme:campaign:eshot\r\nPrecedence: bulk\r\n\
        DKIM-Signature: v=1; b=x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nM=C3=BCnchen\r\n\
        --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        <p>M=C3=BCnchen</p>\r\n--b--\r\n";
    Message { recipient: "staging@example.com".parse().unwrap(), raw: raw.as_bytes().to_vec(), ..message() }
}

/// The request by which a service gets the letter, and what it calls it.
async fn request(service: impl Fn(&HttpSink) -> Arc<Service>, answer: HttpAnswer) -> (String, Option<String>) {
    let sink = HttpSink::start(answer).await;
    let mut session = Session::open(service(&sink)).await.unwrap();
    let ended = session.send(&letter(), &always(), now()).await;
    assert!(matches!(&ended, Ended::Answered(answered) if answered.meaning == Meaning::Taken), "{ended:?}");
    let request = sink.requests().remove(0).to_string().replace(&sink.address().to_string(), "HOST");
    let basic = data_encoding::BASE64.encode(format!("api:{SECRET}").as_bytes());
    let request = request.replace(SECRET, "SECRET").replace(&basic, "SECRET");
    (request, ended.relay_message_id().map(str::to_owned))
}

/// What a check finds, or what is wrong.
async fn checked(service: impl Fn(&HttpSink) -> Arc<Service>, answer: HttpAnswer) -> (String, Result<String, String>) {
    let sink = HttpSink::start(answer).await;
    let last = service(&sink).probe(now()).await.steps.pop().unwrap();
    (sink.requests().remove(0).line, last.outcome.map_err(|problem| problem.to_string()))
}

fn now() -> DateTime<Utc> {
    "2026-03-02T09:30:00Z".parse().unwrap()
}

fn always() -> Guard {
    Arc::new(|| true)
}

async fn send(session: &mut Session) -> Ended {
    session.send(&message(), &always(), now()).await
}

/// How one message ends that is answered like this.
async fn answered(service: impl Fn(&HttpSink) -> Arc<Service>, answer: HttpAnswer) -> Answered {
    let sink = HttpSink::start(answer).await;
    let mut session = Session::open(service(&sink)).await.unwrap();
    match session.send(&letter(), &always(), now()).await {
        Ended::Answered(answered) => *answered,
        other => panic!("{other:?}"),
    }
}

/// A table of answers, and what each means by which row.
async fn means(service: impl Fn(&HttpSink) -> Arc<Service>, cases: Vec<(HttpAnswer, Meaning, &str)>) {
    for (answer, meaning, rule) in cases {
        let said = format!("{answer:?}");
        let answered = answered(&service, answer).await;
        assert_eq!((answered.meaning, answered.rule), (meaning, rule), "{said}");
    }
}
