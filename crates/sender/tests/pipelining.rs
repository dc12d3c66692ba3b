//! A connection to relays that take MAIL, RCPT and DATA in one go.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use outbox::Phase;
use sender::connection::{Connection, Ended, Guard, Message};
use sender::relay::{Policy, Relay, Settings, Timeouts};
use testkit::DelayingProxy;
use testkit::smtp::{Script, SmtpSink};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What was said to the relay in one transaction after another.
type Heard = Vec<Vec<String>>;

/// A relay that answers nothing before it has read `lines` whole lines, and then says `answer`; so, turn by turn.
async fn relay(turns: Vec<(usize, &'static str)>) -> (SocketAddr, JoinHandle<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 relay.example\r\n").await.unwrap();
        // lettre says EHLO, and we once more: it keeps only the extensions that it knows.
        let greeting = [(1, "250-relay.example\r\n250 PIPELINING\r\n"); 2];
        let mut heard = Vec::new();
        for (lines, answer) in greeting.into_iter().chain(turns) {
            let mut said = Vec::new();
            for _ in 0..lines {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                said.push(line.trim_end().to_owned());
            }
            heard.push(said);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        heard
    });
    (address, heard)
}

async fn connection(address: SocketAddr) -> Connection {
    let patience = Duration::from_secs(5);
    let timeouts = Timeouts { connect: patience, command: patience, body: patience, dot: patience };
    let url = format!("smtp://{address}").parse().unwrap();
    let settings = Settings { policy: Policy::None, timeouts, ..Settings::new(url) };
    Connection::open(Arc::new(Relay::new(settings).unwrap())).await.unwrap()
}

fn message(recipient: &str) -> Message {
    Message {
        return_path: "b-token@bounce.example.com".parse().unwrap(),
        recipient: recipient.parse().unwrap(),
        envid: "7.1=x".to_owned(),
        raw: b"Subject: x\r\n\r\nsecret\r\n".to_vec(),
    }
}

fn always() -> Guard {
    Arc::new(|| true)
}

const TAKEN: &str = "250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go on\r\n";
/// The message above and its dot.
const LINES: usize = 4;

#[tokio::test]
async fn a_message_takes_two_round_trips() {
    let (address, heard) = relay(vec![(3, TAKEN), (LINES, "250 2.0.0 taken\r\n")]).await;
    let ended = connection(address).await.send(&mut message("a@example.com"), &always()).await;
    assert!(matches!(ended, Ended::Accepted(_)), "{ended:?}");
    let heard = heard.await.unwrap();
    assert_eq!(heard[2], ["MAIL FROM:<b-token@bounce.example.com>", "RCPT TO:<a@example.com>", "DATA"]);
    assert_eq!(heard[3].last().unwrap(), ".");
}

#[tokio::test]
async fn over_a_distance_every_message_takes_two_round_trips_and_four_where_nothing_is_pipelined() {
    for (script, each) in [(Script::default(), 2), (Script::default().without("PIPELINING"), 4)] {
        let sink = SmtpSink::with(script).await;
        let proxy = DelayingProxy::start(sink.address(), Duration::from_millis(1)).await;
        let mut connection = connection(proxy.address()).await;
        let before = proxy.round_trips();
        // As large as a newsletter is: it leaves in several segments, and waits for no answer between them.
        let message = Message { raw: b"Subject: x\r\n\r\n".repeat(1_250), ..message("a@example.com") };
        for n in 1..=5 {
            let ended = connection.send(&mut message.clone(), &always()).await;
            assert!(matches!(ended, Ended::Accepted(_)), "{ended:?}");
            assert_eq!(proxy.round_trips() - before, each * n);
        }
    }
}

#[tokio::test]
async fn a_relay_that_wants_a_message_for_nobody_gets_an_empty_one() {
    let turns = vec![
        (3, "250 2.1.0 ok\r\n550 5.1.1 nobody here\r\n354 go on all the same\r\n"),
        (2, "554 5.5.1 no valid recipients\r\n"),
        (1, "250 2.0.0 forgotten\r\n"),
        (3, TAKEN),
        (LINES, "250 2.0.0 taken\r\n"),
    ];
    let (address, heard) = relay(turns).await;
    let mut connection = connection(address).await;
    let ended = connection.send(&mut message("a@example.com"), &always()).await;
    assert!(matches!(&ended, Ended::Refused { phase: Phase::RcptTo, reply } if reply.code == 550), "{ended:?}");
    let ended = connection.send(&mut message("b@example.com"), &always()).await;
    assert!(matches!(ended, Ended::Accepted(_)), "{ended:?}");
    let heard = heard.await.unwrap();
    assert_eq!(heard[3], ["", "."], "nothing of the message was said");
    assert_eq!(heard[4], ["RSET"]);
}

#[tokio::test]
async fn the_first_refusal_counts_and_the_other_answers_are_not_taken_for_the_next_message() {
    let turns = vec![
        (3, "450 4.7.1 not from you now\r\n503 5.5.1 MAIL first\r\n503 5.5.1 RCPT first\r\n"),
        (1, "250 2.0.0 forgotten\r\n"),
        (3, TAKEN),
        (LINES, "250 2.0.0 taken\r\n"),
    ];
    let (address, heard) = relay(turns).await;
    let mut connection = connection(address).await;
    let ended = connection.send(&mut message("a@example.com"), &always()).await;
    assert!(matches!(&ended, Ended::Refused { phase: Phase::MailFrom, reply } if reply.code == 450), "{ended:?}");
    let ended = connection.send(&mut message("b@example.com"), &always()).await;
    assert!(matches!(ended, Ended::Accepted(_)), "{ended:?}");
    heard.await.unwrap();
}

#[tokio::test]
async fn a_relay_that_refuses_and_hangs_up_has_refused() {
    for answer in ["250 2.1.0 ok\r\n550 5.1.1 nobody\r\n", "550 5.7.1 not from you\r\n", "421 4.3.2 closing\r\n"] {
        let (address, heard) = relay(vec![(3, answer)]).await;
        let mut connection = connection(address).await;
        let ended = connection.send(&mut message("a@example.com"), &always()).await;
        assert!(matches!(&ended, Ended::Refused { .. }), "{answer}: {ended:?}");
        assert!(!ended.leaves_doubt() && !connection.is_usable(), "{answer}");
        heard.await.unwrap();
    }
}

#[tokio::test]
async fn what_a_relay_says_before_the_dot_is_kept_and_the_message_is_not_sent_behind_it() {
    for (early, code) in [("552 5.3.4 too big\r\n", 552), ("451 4.3.0 not now\r\n", 451), ("250 2.0.0 taken\r\n", 250)]
    {
        // It says all of it at once, and then listens until nothing more is said.
        let (address, heard) = relay(vec![(3, format!("{TAKEN}{early}").leak()), (LINES, "")]).await;
        let mut connection = connection(address).await;
        let ended = connection.send(&mut message("a@example.com"), &always()).await;
        match &ended {
            Ended::Refused { phase: Phase::Dot, reply } => assert_eq!(reply.code, code, "{ended:?}"),
            // Nobody has taken what was not there.
            Ended::Broken { phase: Phase::Body, .. } => assert_eq!(code, 250, "{ended:?}"),
            other => panic!("{early}: {other:?}"),
        }
        assert!(!ended.leaves_doubt() && !connection.is_usable(), "{early}: {ended:?}");
        connection.close().await;
        assert_eq!(heard.await.unwrap()[3], [""; LINES], "{early}");
    }
}
