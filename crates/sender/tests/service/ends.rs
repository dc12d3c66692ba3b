//! How a message ends whose service does not answer, or not in time, or too early.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use outbox::Phase;
use sender::connection::{Ended, Guard, Problem, Unfit};
use sender::service::{Meaning, Session};
use testkit::http::{HttpAnswer, HttpDeed, HttpSink};
use verdict::Class;

use super::{always, message, now, send, ses};

fn taken() -> HttpAnswer {
    HttpAnswer::new(200, r#"{"MessageId":"m-1"}"#)
}

async fn ended_by(deed: HttpDeed) -> Ended {
    let sink = HttpSink::start(taken()).await;
    sink.then(deed);
    let mut session = Session::open(ses(&sink)).await.unwrap();
    let ended = send(&mut session).await;
    assert!(!session.is_usable() || matches!(ended, Ended::Answered(_)), "{ended:?}");
    ended
}

#[tokio::test]
async fn a_service_that_falls_silent_or_hangs_up_behind_the_request_leaves_the_message_in_doubt() {
    for deed in [HttpDeed::Hang, HttpDeed::Drop] {
        let ended = ended_by(deed.clone()).await;
        assert!(ended.leaves_doubt(), "{deed:?}: {ended:?}");
        assert!(matches!(ended, Ended::Broken { phase: Phase::Dot, problem: Problem::TimedOut(_) | Problem::Closed }));
    }
}

#[tokio::test]
async fn one_that_hangs_up_in_the_middle_of_a_long_message_does_not_have_it() {
    let sink = HttpSink::start(taken()).await;
    sink.then(HttpDeed::DropEarly);
    let mut session = Session::open(ses(&sink)).await.unwrap();
    let mut long = message();
    // More than the buffers of both sockets hold.
    long.raw.extend(b"a line of text that is sent again and again\r\n".repeat(250_000));
    let ended = session.send(&long, &always(), now()).await;
    assert!(matches!(ended, Ended::Broken { phase: Phase::Body, .. }), "{ended:?}");
    assert!(!ended.leaves_doubt() && ended.is_offer());
}

#[tokio::test]
async fn a_message_that_is_withdrawn_while_it_is_sent_does_not_arrive_whole() {
    let sink = HttpSink::start(taken()).await;
    let mut session = Session::open(ses(&sink)).await.unwrap();
    for (yes, phase) in [(0, Phase::MailFrom), (1, Phase::Body)] {
        let asked = AtomicUsize::new(0);
        let guard: Guard = Arc::new(move || asked.fetch_add(1, Ordering::Relaxed) < yes);
        let ended = session.send(&message(), &guard, now()).await;
        assert!(matches!(ended, Ended::Withheld { phase: found } if found == phase), "{ended:?}");
    }
    assert!(!session.is_usable(), "half a request has gone over it");
    drop(session);
    assert_eq!(sink.requests(), [], "none came whole");
}

#[tokio::test]
async fn an_answer_of_which_only_the_head_came_is_one() {
    let Ended::Answered(answered) = ended_by(HttpDeed::Begin(200)).await else { panic!("no answer") };
    assert_eq!((answered.meaning, answered.id), (Meaning::Taken, None));
    let Ended::Answered(answered) = ended_by(HttpDeed::Begin(400)).await else { panic!("no answer") };
    assert_eq!(answered.meaning, Meaning::Later(Some(Class::Block)));
}

#[tokio::test]
async fn a_refusal_before_the_message_is_one_and_nobody_takes_what_they_have_not_had() {
    let long = || {
        let mut long = message();
        long.raw.extend(b"a line of text that is sent again and again\r\n".repeat(250_000));
        long
    };
    for (status, refusal) in [(413, true), (200, false)] {
        let sink = HttpSink::start(taken()).await;
        sink.then(HttpDeed::Early(HttpAnswer::new(status, "{}")));
        let mut session = Session::open(ses(&sink)).await.unwrap();
        let ended = session.send(&long(), &always(), now()).await;
        assert_eq!(matches!(ended, Ended::Answered(_)), refusal, "{ended:?}");
        assert!(refusal || matches!(ended, Ended::Broken { phase: Phase::Body, .. }), "{ended:?}");
        assert!(!session.is_usable());
        drop(session);
        let length: usize = sink.requests()[0].header("content-length").unwrap().parse().unwrap();
        assert!(sink.drained().await < length, "the last byte did not follow");
    }
}

#[tokio::test]
async fn a_connection_is_kept_until_the_service_ends_it() {
    let sink = HttpSink::start(taken()).await;
    let mut session = Session::open(ses(&sink)).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(send(&mut session).await, Ended::Answered(_)));
        assert!(session.is_usable());
    }
    sink.then(HttpDeed::LastAnswer(taken().header("connection", "close")));
    assert!(matches!(send(&mut session).await, Ended::Answered(_)));
    assert_eq!((sink.connections(), session.carried(), session.is_usable()), (1, 4, false));
    // Whoever tries all the same has lost nothing by it.
    let ended = send(&mut session).await;
    assert!(ended.is_farewell(), "{ended:?}");
}

#[tokio::test]
async fn more_of_an_answer_than_is_of_use_is_not_read() {
    let sink = HttpSink::start(HttpAnswer::new(400, "x".repeat(1_000_000))).await;
    let mut session = Session::open(ses(&sink)).await.unwrap();
    let Ended::Answered(answered) = send(&mut session).await else { panic!("no answer") };
    assert_eq!(answered.reply.text.len(), 500);
    assert!(!session.is_usable());
}

#[tokio::test]
async fn what_is_asked_for_is_told() {
    let later = HttpAnswer::new(429, "{}").header("Retry-After", "120");
    let Ended::Answered(answered) = ended_by(HttpDeed::Answer(later)).await else { panic!("no answer") };
    assert_eq!(answered.wait, Some(Duration::from_secs(120)));
}

#[tokio::test]
async fn an_address_beyond_ascii_is_offered_to_no_service() {
    let sink = HttpSink::start(taken()).await;
    let mut session = Session::open(ses(&sink)).await.unwrap();
    let mut to_aerial = message();
    to_aerial.recipient = "ärial@example.com".parse().unwrap();
    let ended = session.send(&to_aerial, &always(), now()).await;
    assert!(matches!(ended, Ended::Unfit(Unfit::NeedsSmtpUtf8)), "{ended:?}");
}
