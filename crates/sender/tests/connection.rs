//! A connection against a real server that misbehaves in every phase.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use outbox::Phase;
use sender::connection::{Connection, Ended, Guard, Message, Problem, Unfit};
use sender::relay::{Credentials, Policy, Proof, Relay, Settings, Timeouts};
use testkit::smtp::{Certificate, Deed, Encryption, Moment, Rule, Script, SmtpSink};

/// Short enough to be waited for, long enough for a busy machine.
const PATIENCE: Duration = Duration::from_millis(400);

fn settings(sink: &SmtpSink) -> Settings {
    Settings {
        policy: Policy::None,
        hello: Some("eshot.example".to_owned()),
        timeouts: Timeouts { connect: PATIENCE, command: PATIENCE, body: PATIENCE, dot: PATIENCE },
        ..Settings::new(sink.url().parse().unwrap())
    }
}

fn relay(settings: Settings) -> Arc<Relay> {
    Arc::new(Relay::new(settings).unwrap())
}

fn message(recipient: &str) -> Message {
    Message {
        return_path: "b-token@bounce.example.com".parse().unwrap(),
        recipient: recipient.parse().unwrap(),
        envid: "7.1=x".to_owned(),
        raw: b"Subject: x\r\n\r\n.dot\r\nend\r\n".to_vec(),
    }
}

fn always() -> Guard {
    Arc::new(|| true)
}

#[tokio::test]
async fn a_message_arrives_byte_for_byte_with_parameters_for_its_reports() {
    let sink = SmtpSink::start().await;
    let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
    let ended = connection.send(&mut message("a+b@example.com"), &always()).await;
    assert!(matches!(&ended, Ended::Accepted(reply) if reply.to_string() == "250 2.0.0 taken as 1-1"), "{ended:?}");
    let arrived = &sink.messages()[0];
    assert_eq!(arrived.text(), "Subject: x\r\n\r\n.dot\r\nend\r\n");
    assert_eq!(arrived.from, "b-token@bounce.example.com");
    assert_eq!(arrived.parameters, ["SIZE=25", "RET=HDRS", "ENVID=7.1+3Dx"]);
    assert_eq!(arrived.to[0].parameters, ["NOTIFY=FAILURE", "ORCPT=rfc822;a+2Bb@example.com"]);
}

#[tokio::test]
async fn parameters_that_are_not_offered_are_not_used() {
    let sink = SmtpSink::with(Script::default().without("DSN").without("SIZE").without("SMTPUTF8")).await;
    let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
    let ended = connection.send(&mut message("jörg@example.com"), &always()).await;
    assert!(matches!(ended, Ended::Unfit(Unfit::NeedsSmtpUtf8)), "{ended:?}");
    connection.send(&mut message("a@example.com"), &always()).await;
    assert!(sink.messages()[0].parameters.is_empty());
    assert!(sink.messages()[0].to[0].parameters.is_empty());
}

#[tokio::test]
async fn a_relay_that_answers_ehlo_only_once_takes_mail_and_encrypts() {
    for encryption in [Encryption::None, Encryption::StartTls] {
        let sink = SmtpSink::with(Script { encryption, ..Script::default() }).await;
        let times = if encryption == Encryption::None { 1 } else { 2 };
        // OpenSMTPD answers it once before STARTTLS and once after.
        for _ in 0..times {
            sink.add(Rule::new(Moment::Ehlo, Deed::Delay(Duration::ZERO)).times(1));
            sink.add(Rule::reply(Moment::Ehlo, "503 5.5.1 Invalid command: Already identified").times(1));
        }
        let policy = if encryption == Encryption::None { Policy::None } else { Policy::Opportunistic };
        let mut connection = Connection::open(relay(Settings { policy, ..settings(&sink) })).await.unwrap();
        let ended = connection.send(&mut message("a@example.com"), &always()).await;
        assert!(matches!(ended, Ended::Accepted(_)), "{ended:?}");
        assert_eq!((sink.count(), sink.messages()[0].encrypted), (1, encryption != Encryption::None));
    }
}

#[tokio::test]
async fn a_refusal_says_its_phase_and_the_connection_goes_on() {
    for script in [Script::default(), Script::default().without("PIPELINING")] {
        refuse_in_each_phase(&script).await;
    }
}

async fn refuse_in_each_phase(script: &Script) {
    for (moment, phase) in [
        (Moment::Mail, Phase::MailFrom),
        (Moment::Rcpt, Phase::RcptTo),
        (Moment::Data, Phase::Data),
        (Moment::Dot, Phase::Dot),
    ] {
        let sink = SmtpSink::with(script.clone()).await;
        sink.add(Rule::reply(moment, "550-5.7.1 not from\r\n550 5.7.1 you").times(1));
        let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
        let ended = connection.send(&mut message("a@example.com"), &always()).await;
        assert!(
            matches!(&ended, Ended::Refused { phase: found, reply } if *found == phase && reply.to_string() == "550 5.7.1 not from you"),
            "{moment:?}: {ended:?}"
        );
        assert!(!ended.leaves_doubt());
        let ended = connection.send(&mut message("b@example.com"), &always()).await;
        assert!(matches!(ended, Ended::Accepted(_)), "{moment:?}: {ended:?}");
        assert_eq!((sink.connections(), sink.count()), (1, 1), "{moment:?}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_falls_silent_says_how_far_it_came() {
    for script in [Script::default(), Script::default().without("PIPELINING")] {
        break_in_each_phase(&script).await;
    }
}

async fn break_in_each_phase(script: &Script) {
    for (moment, phase) in [
        (Moment::Mail, Phase::MailFrom),
        (Moment::Rcpt, Phase::RcptTo),
        (Moment::Data, Phase::Data),
        // The message is small: it leaves together with its dot, which may then have been read.
        (Moment::Body, Phase::Dot),
        (Moment::Dot, Phase::Dot),
    ] {
        for rule in [Rule::hang(moment), Rule::drop(moment)] {
            let sink = SmtpSink::with(script.clone()).await;
            sink.add(rule);
            let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
            let ended = connection.send(&mut message("a@example.com"), &always()).await;
            assert!(matches!(&ended, Ended::Broken { phase: found, .. } if *found == phase), "{moment:?}: {ended:?}");
            assert_eq!(ended.leaves_doubt(), phase == Phase::Dot, "{moment:?}");
            assert!(!connection.is_usable(), "{moment:?}");
        }
    }
}

#[tokio::test]
async fn a_big_message_that_breaks_before_its_dot_leaves_no_doubt() {
    let sink = SmtpSink::start().await;
    sink.add(Rule::hang(Moment::Body));
    let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
    // More than the buffers of both sockets hold, so the dot is still here when the time is up.
    let raw = "a line of a very big message\r\n".repeat(1_000_000).into_bytes();
    let ended = connection.send(&mut Message { raw, ..message("a@example.com") }, &always()).await;
    assert!(matches!(ended, Ended::Broken { phase: Phase::Body, problem: Problem::TimedOut(_) }), "{ended:?}");
    assert!(!ended.leaves_doubt());
}

#[tokio::test]
async fn four_twenty_one_ends_the_connection_but_says_that_nothing_was_taken() {
    let sink = SmtpSink::start().await;
    sink.add(Rule::reply(Moment::Mail, "421 4.7.0 enough for today").after(2));
    let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
    for _ in 0..2 {
        assert!(matches!(connection.send(&mut message("a@example.com"), &always()).await, Ended::Accepted(_)));
    }
    let ended = connection.send(&mut message("a@example.com"), &always()).await;
    assert!(ended.is_farewell(), "{ended:?}");
    assert!(!connection.is_usable());
    assert_eq!(sink.count(), 2);
}

#[tokio::test]
async fn a_relay_that_closes_without_a_word_is_a_farewell() {
    let sink = SmtpSink::with(Script { messages_per_connection: Some(1), ..Script::default() }).await;
    let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
    assert!(matches!(connection.send(&mut message("a@example.com"), &always()).await, Ended::Accepted(_)));
    let ended = connection.send(&mut message("b@example.com"), &always()).await;
    assert!(ended.is_farewell(), "{ended:?}");
}

#[tokio::test]
async fn the_guard_is_asked_before_mail_from_and_before_the_dot() {
    let sink = SmtpSink::start().await;
    for (yes, phase) in [(0, Phase::MailFrom), (1, Phase::Body)] {
        let asked = AtomicUsize::new(0);
        let guard: Guard = Arc::new(move || asked.fetch_add(1, Ordering::Relaxed) < yes);
        let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
        let ended = connection.send(&mut message("a@example.com"), &guard).await;
        assert!(matches!(&ended, Ended::Withheld { phase: found } if *found == phase), "{ended:?}");
        assert!(!connection.is_usable() && !ended.leaves_doubt());
    }
    // Neither dot was ever sent: the next message is the first to arrive.
    let mut connection = Connection::open(relay(settings(&sink))).await.unwrap();
    connection.send(&mut message("a@example.com"), &always()).await;
    assert_eq!(sink.count(), 1);
}

#[tokio::test]
async fn the_guard_holds_an_encrypted_dot_too() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let sink = SmtpSink::with(Script { encryption, ..Script::default() }).await;
        let trusted = Settings {
            policy: Policy::Required,
            certificates: Some(sink.certificate_pem().as_bytes().to_vec()),
            ..settings(&sink)
        };
        let relay = relay(trusted);
        let mine = Arc::new(AtomicBool::new(true));
        let asked = AtomicUsize::new(0);
        let guard: Guard = {
            let mine = Arc::clone(&mine);
            Arc::new(move || mine.load(Ordering::Relaxed) || asked.fetch_add(1, Ordering::Relaxed) == 0)
        };
        let mut connection = Connection::open(Arc::clone(&relay)).await.unwrap();
        assert!(
            matches!(connection.send(&mut message("a@example.com"), &guard).await, Ended::Accepted(_)),
            "{encryption:?}"
        );
        mine.store(false, Ordering::Relaxed);
        let ended = connection.send(&mut message("b@example.com"), &guard).await;
        assert!(matches!(ended, Ended::Withheld { phase: Phase::Body }), "{encryption:?}: {ended:?}");
        assert_eq!(sink.count(), 1);
        assert!(sink.messages()[0].encrypted);
    }
}

#[tokio::test]
async fn a_connection_is_recycled_after_so_many_messages() {
    let sink = SmtpSink::start().await;
    let relay = relay(Settings { messages_per_connection: 2, ..settings(&sink) });
    let mut connection = Connection::open(relay).await.unwrap();
    connection.send(&mut message("a@example.com"), &always()).await;
    assert!(connection.is_usable());
    connection.send(&mut message("b@example.com"), &always()).await;
    assert!(!connection.is_usable());
    connection.close().await;
    assert_eq!(sink.commands().last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn a_connection_that_is_not_made_says_why_and_where() {
    for (rule, phase) in [
        (Rule::hang(Moment::Connect), Phase::Connect),
        (Rule::drop(Moment::Connect), Phase::Connect),
        (Rule::hang(Moment::Ehlo), Phase::Connect),
        (Rule::drop(Moment::Ehlo), Phase::Connect),
        (Rule::reply(Moment::Connect, "421 4.3.2 not now"), Phase::Connect),
        (Rule::reply(Moment::Ehlo, "554 5.7.1 not you"), Phase::Connect),
        (Rule::reply(Moment::Ehlo, "250-sink\r\n250- "), Phase::Connect),
        (Rule::hang(Moment::StartTls), Phase::Tls),
        (Rule::drop(Moment::StartTls), Phase::Tls),
        (Rule::reply(Moment::StartTls, "454 4.7.0 not now"), Phase::Tls),
        (Rule::hang(Moment::Auth), Phase::Auth),
        (Rule::drop(Moment::Auth), Phase::Auth),
        (Rule::reply(Moment::Auth, "535 5.7.8 wrong"), Phase::Auth),
    ] {
        let sink = with_login().await;
        sink.add(rule.clone());
        let error = Connection::open(relay(with_password(&sink))).await.unwrap_err();
        assert_eq!(error.phase, phase, "{rule:?}: {error:?}");
    }
}

async fn with_login() -> SmtpSink {
    SmtpSink::with(Script {
        encryption: Encryption::StartTls,
        credentials: Some(("eshot".to_owned(), "secret".to_owned())),
        ..Script::default()
    })
    .await
}

fn with_password(sink: &SmtpSink) -> Settings {
    Settings {
        policy: Policy::Required,
        credentials: Some(Credentials { user: "eshot".to_owned(), proof: Proof::Password("secret".into()) }),
        certificates: Some(sink.certificate_pem().as_bytes().to_vec()),
        ..settings(sink)
    }
}

#[tokio::test]
async fn a_relay_out_of_reach_is_named() {
    let mut sink = SmtpSink::start().await;
    sink.stop().await;
    let error = Connection::open(relay(settings(&sink))).await.unwrap_err();
    assert_eq!(error.to_string(), format!("no connection to {} (phase connect)", sink.address()));
    let nowhere = Settings { ..Settings::new("smtp://nowhere.invalid".parse().unwrap()) };
    let error = Connection::open(relay(nowhere)).await.unwrap_err();
    assert!(matches!(error.problem, Problem::NoAddress(ref name) if name == "nowhere.invalid"), "{error:?}");
}

#[tokio::test]
async fn both_ways_to_log_in_work() {
    for mechanism in ["PLAIN", "LOGIN"] {
        for encryption in [Encryption::StartTls, Encryption::Implicit] {
            let sink = SmtpSink::with(Script {
                encryption,
                credentials: Some(("eshot".to_owned(), "secret".to_owned())),
                mechanisms: vec![mechanism.to_owned()],
                ..Script::default()
            })
            .await;
            let mut connection = Connection::open(relay(with_password(&sink))).await.unwrap();
            assert!(matches!(connection.send(&mut message("a@example.com"), &always()).await, Ended::Accepted(_)));
            assert_eq!(sink.messages()[0].user.as_deref(), Some("eshot"));
        }
    }
}

#[tokio::test]
async fn each_policy_meets_each_kind_of_server() {
    use Certificate::{Expired, Good, WrongName};
    let offer = Encryption::StartTls;
    // The policy, the server, whether its certificate is trusted; whether mail goes and whether it is encrypted.
    for (policy, encryption, certificate, trusted, expected) in [
        (Policy::None, offer, Good, true, Some(false)),
        (Policy::Opportunistic, Encryption::None, Good, true, Some(false)),
        (Policy::Opportunistic, offer, Good, false, Some(true)),
        (Policy::Opportunistic, offer, Expired, false, Some(true)),
        (Policy::Required, Encryption::None, Good, true, None),
        (Policy::Required, offer, Good, true, Some(true)),
        (Policy::Required, offer, Good, false, None),
        (Policy::Required, offer, WrongName, true, None),
        (Policy::Required, offer, Expired, true, None),
        (Policy::None, Encryption::Implicit, Good, true, Some(true)),
        (Policy::None, Encryption::Implicit, Good, false, None),
        (Policy::None, Encryption::Implicit, WrongName, true, None),
    ] {
        let case = format!("{policy:?} {encryption:?} {certificate:?} trusted: {trusted}");
        let sink = SmtpSink::with(Script { encryption, certificate, ..Script::default() }).await;
        let certificates = trusted.then(|| sink.certificate_pem().as_bytes().to_vec());
        match Connection::open(relay(Settings { policy, certificates, ..settings(&sink) })).await {
            Ok(mut connection) => {
                let ended = connection.send(&mut message("a@example.com"), &always()).await;
                assert!(matches!(ended, Ended::Accepted(_)), "{case}: {ended:?}");
                assert_eq!(Some(sink.messages()[0].encrypted), expected, "{case}");
            }
            Err(error) => {
                assert_eq!((error.phase, expected), (Phase::Tls, None), "{case}: {error:?}");
                assert!(matches!(error.problem, Problem::Tls(_) | Problem::NotOffered(_)), "{case}: {error:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_probe_tells_the_steps_apart() {
    let sink = with_login().await;
    let probe = Relay::new(with_password(&sink)).unwrap().probe().await;
    let said: Vec<_> = probe.steps.iter().map(|step| (step.phase, step.outcome.as_ref().unwrap().as_str())).collect();
    assert_eq!(
        said,
        [
            (Phase::Connect, "offers PIPELINING, SIZE, 8BITMIME, ENHANCEDSTATUSCODES, DSN, SMTPUTF8, STARTTLS, AUTH"),
            (Phase::Tls, "encrypted, certificate verified"),
            (Phase::Auth, "logged in as eshot"),
        ]
    );
    assert!(probe.is_good());

    let wrong = Settings {
        credentials: Some(Credentials { user: "eshot".to_owned(), proof: Proof::Password("wrong".into()) }),
        ..with_password(&sink)
    };
    let probe = Relay::new(wrong).unwrap().probe().await;
    let last = probe.steps.last().unwrap();
    assert_eq!(last.phase, Phase::Auth);
    assert_eq!(last.outcome.as_ref().unwrap_err().to_string(), "the relay answered 535 5.7.8 wrong name or password");
    assert!(!probe.is_good());
}

/// Somebody between us and the relay, who adds the answer to our next EHLO to the relay's leave to encrypt.
async fn injector(relay: std::net::SocketAddr) -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = tokio::net::TcpStream::connect(relay).await.unwrap();
        let (mut said, mut heard) = ([0; 4096], [0; 4096]);
        loop {
            tokio::select! {
                Ok(n) = client.read(&mut said) => match n {
                    0 => break,
                    n => server.write_all(&said[..n]).await.unwrap(),
                },
                Ok(n) = server.read(&mut heard) => {
                    let mut answer = heard[..n].to_vec();
                    if answer.starts_with(b"220 2.0.0 go ahead") {
                        answer.extend_from_slice(b"250 smuggled.example\r\n250 smuggled.example\r\n");
                    }
                    if n == 0 || client.write_all(&answer).await.is_err() {
                        break;
                    }
                }
            }
        }
    });
    address
}

#[tokio::test]
async fn an_answer_smuggled_in_before_the_handshake_is_not_believed() {
    let sink = SmtpSink::with(Script { encryption: Encryption::StartTls, ..Script::default() }).await;
    let url = format!("smtp://{}", injector(sink.address()).await).parse().unwrap();
    let error =
        Connection::open(relay(Settings { policy: Policy::Opportunistic, ..Settings::new(url) })).await.unwrap_err();
    assert_eq!(error.phase, Phase::Tls);
    assert!(matches!(error.problem, Problem::Tls(_)), "{error:?}");
}
