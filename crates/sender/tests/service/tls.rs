//! Mail services over TLS: whom they are believed to be.

use std::sync::Arc;

use outbox::Phase;
use sender::connection::{Ended, OpenError, Problem};
use sender::service::{Meaning, Service, Session, Settings};
use testkit::http::{HttpAnswer, HttpSink};
use testkit::smtp::Certificate;

use super::{SECRET, always, letter, now};

/// Its scheme, for a server that is none of Postmark's.
const URL: &str = "postmark+https://";

/// Postmark in the shape of this server, whose certificate is trusted or not.
fn service(sink: &HttpSink, trusted: bool) -> Arc<Service> {
    let url = format!("{URL}{}", sink.address()).parse().unwrap();
    let certificates = sink.certificate().filter(|_| trusted).map(|pem| pem.as_bytes().to_vec());
    Arc::new(Service::new(Settings { certificates, ..Settings::new(url, "", SECRET) }).unwrap())
}

async fn server(certificate: Certificate) -> HttpSink {
    let taken = HttpAnswer::new(200, r#"{"ErrorCode":0,"MessageID":"m-1","Name":"Acme","DeliveryType":"Live"}"#);
    HttpSink::encrypted(taken, certificate).await
}

#[tokio::test]
async fn a_service_whose_certificate_is_trusted_takes_mail_and_keeps_the_connection() {
    let sink = server(Certificate::Good).await;
    let mut session = Session::open(service(&sink, true)).await.unwrap();
    for _ in 0..2 {
        let ended = session.send(&letter(), &always(), now()).await;
        assert!(matches!(&ended, Ended::Answered(told) if told.meaning == Meaning::Taken), "{ended:?}");
    }
    assert_eq!((sink.requests().len(), sink.connections()), (2, 1));
    assert_eq!(sink.requests()[0].header("x-postmark-server-token"), Some(SECRET));
}

#[tokio::test]
async fn a_service_that_cannot_be_believed_is_told_nothing_and_the_error_says_why() {
    for (certificate, trusted, why) in [
        (Certificate::Good, false, "UnknownIssuer"),
        (Certificate::WrongName, true, "not valid for name"),
        (Certificate::Expired, true, "expired"),
    ] {
        let sink = server(certificate).await;
        let Err(OpenError { phase, problem, .. }) = Session::open(service(&sink, trusted)).await else {
            panic!("{certificate:?} was believed")
        };
        assert_eq!(phase, Phase::Tls, "{certificate:?}");
        assert!(matches!(problem, Problem::Tls(_)) && problem.to_string().contains(why), "{certificate:?}: {problem}");
        let last = service(&sink, trusted).probe(now()).await.steps.pop().unwrap();
        assert!(last.phase == Phase::Tls && last.outcome.is_err_and(|found| found.to_string().contains(why)));
        assert!(sink.requests().is_empty(), "{certificate:?}: nobody has had the key");
    }
}

#[tokio::test]
async fn a_service_that_does_not_encrypt_where_it_should_is_told_nothing() {
    let sink = HttpSink::start(HttpAnswer::new(200, "{}")).await;
    let error = Session::open(service(&sink, true)).await.map(drop).unwrap_err();
    assert!(matches!(error, OpenError { phase: Phase::Tls, problem: Problem::Tls(_), .. }), "{error:?}");
    assert!(sink.requests().iter().all(|request| request.header("x-postmark-server-token").is_none()));
}

#[tokio::test]
async fn a_check_says_that_the_certificate_was_verified() {
    let sink = server(Certificate::Good).await;
    let probe = service(&sink, true).probe(now()).await;
    assert!(probe.is_good(), "{probe:?}");
    let tls = probe.steps.iter().find(|step| step.phase == Phase::Tls).unwrap();
    assert_eq!(tls.outcome.as_deref().ok(), Some("encrypted, certificate verified"));
}
