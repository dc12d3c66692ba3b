//! Connections to mail services over HTTP, against a real server that answers as it is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ends;
mod ses;

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
    match send(&mut session).await {
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
