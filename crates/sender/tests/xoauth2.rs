//! Logging in with an access token, at a relay that takes one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use outbox::Phase;
use sender::connection::{Connection, Ended, Guard, Message, OpenError, Problem};
use sender::relay::{Credentials, Policy, Proof, Relay, Settings, Timeouts};
use tempfile::TempDir;
use testkit::smtp::{Encryption, Moment, Rule, Script, SmtpSink};

const TOKEN: &str = "ya29.a0AfB_secret-token";

/// A relay that takes one token, and the file from which we have ours.
struct House {
    sink: SmtpSink,
    folder: TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(Encryption::StartTls, TOKEN, &["PLAIN", "XOAUTH2"]).await
    }

    async fn with(encryption: Encryption, token: &str, mechanisms: &[&str]) -> Self {
        let sink = SmtpSink::with(Script {
            encryption,
            credentials: Some(("eshot@example.com".to_owned(), token.to_owned())),
            mechanisms: mechanisms.iter().map(|&mechanism| mechanism.to_owned()).collect(),
            ..Script::default()
        })
        .await;
        Self { sink, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    fn renew(&self, token: &str) {
        fs::write(self.file(), format!("{token}\n")).unwrap();
    }

    fn relay(&self) -> Arc<Relay> {
        let patience = Duration::from_secs(5);
        let proof = Proof::TokenFile(self.file());
        let settings = Settings {
            policy: Policy::Required,
            credentials: Some(Credentials { user: "eshot@example.com".to_owned(), proof }),
            certificates: Some(self.sink.certificate_pem().as_bytes().to_vec()),
            timeouts: Timeouts { connect: patience, command: patience, body: patience, dot: patience },
            ..Settings::new(self.sink.url().parse().unwrap())
        };
        Arc::new(Relay::new(settings).unwrap())
    }

    async fn refused(&self) -> OpenError {
        let error = Connection::open(self.relay()).await.unwrap_err();
        assert_eq!(error.phase, Phase::Auth, "{error:?}");
        error
    }

    /// The AUTH commands that the relay heard.
    fn logins(&self) -> Vec<String> {
        self.sink.commands().into_iter().filter(|line| line.starts_with("AUTH")).collect()
    }
}

async fn send(connection: &mut Connection) -> Ended {
    let mut message = Message {
        return_path: "b-token@bounce.example.com".parse().unwrap(),
        recipient: "a@example.com".parse().unwrap(),
        envid: "7.1".to_owned(),
        raw: b"Subject: x\r\n\r\nx\r\n".to_vec(),
    };
    let always: Guard = Arc::new(|| true);
    connection.send(&mut message, &always).await
}

#[tokio::test]
async fn a_token_logs_in_however_the_connection_is_encrypted() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let house = House::with(encryption, TOKEN, &["XOAUTH2"]).await;
        house.renew(TOKEN);
        let mut connection = Connection::open(house.relay()).await.unwrap();
        assert!(matches!(send(&mut connection).await, Ended::Accepted(_)), "{encryption:?}");
        assert_eq!(house.sink.messages()[0].user.as_deref(), Some("eshot@example.com"));
        assert!(house.sink.messages()[0].encrypted);
    }
}

#[tokio::test]
async fn a_token_too_long_for_a_command_is_said_when_it_is_asked_for() {
    let token = "long".repeat(600);
    let house = House::with(Encryption::StartTls, &token, &["XOAUTH2"]).await;
    house.renew(&token);
    let mut connection = Connection::open(house.relay()).await.unwrap();
    assert!(matches!(send(&mut connection).await, Ended::Accepted(_)));
    assert_eq!(house.logins(), ["AUTH XOAUTH2"]);
    house.renew(&"gone".repeat(600));
    assert!(matches!(house.refused().await.problem, Problem::TokenRefused { .. }));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_refused_with_the_status_from_the_challenge() {
    let house = House::new().await;
    house.renew("ya29.expired");
    let error = house.refused().await;
    let said = "the relay answered 535 5.7.8 token not accepted (the access token's status: 401)";
    assert_eq!(error.problem.to_string(), said);
    assert_eq!(error.problem.reply().map(|reply| reply.code), Some(535));
    assert!(!format!("{error:?}").contains("expired"), "{error:?}");
}

#[tokio::test]
async fn a_token_that_was_renewed_is_read_for_the_next_connection() {
    let house = House::new().await;
    let relay = house.relay();
    house.renew("ya29.expired");
    Connection::open(Arc::clone(&relay)).await.unwrap_err();
    house.renew(TOKEN);
    let mut connection = Connection::open(Arc::clone(&relay)).await.unwrap();
    // What is connected stays so.
    house.renew("ya29.expired-too");
    assert!(matches!(send(&mut connection).await, Ended::Accepted(_)));
    Connection::open(relay).await.unwrap_err();
}

#[tokio::test]
async fn a_relay_that_does_not_offer_xoauth2_is_told_no_token() {
    let house = House::with(Encryption::StartTls, TOKEN, &["PLAIN", "LOGIN"]).await;
    house.renew(TOKEN);
    let error = house.refused().await;
    assert_eq!(error.problem.to_string(), "the relay does not offer AUTH XOAUTH2");
    assert!(house.logins().is_empty(), "{:?}", house.logins());
}

#[tokio::test]
async fn a_relay_whose_certificate_does_not_verify_is_told_no_token() {
    let house = House::new().await;
    house.renew(TOKEN);
    let other = House::new().await;
    let settings = Settings {
        policy: Policy::Required,
        credentials: Some(Credentials { user: "eshot".to_owned(), proof: Proof::TokenFile(house.file()) }),
        certificates: Some(other.sink.certificate_pem().as_bytes().to_vec()),
        ..Settings::new(house.sink.url().parse().unwrap())
    };
    let error = Connection::open(Arc::new(Relay::new(settings).unwrap())).await.unwrap_err();
    assert_eq!(error.phase, Phase::Tls, "{error:?}");
    assert!(house.logins().is_empty(), "{:?}", house.logins());
}

#[tokio::test]
async fn a_file_without_a_token_is_named_and_nothing_in_it_told() {
    let house = House::new().await;
    let file = house.file().display().to_string();
    let missing = house.refused().await.problem.to_string();
    assert!(missing.starts_with(&format!("there is no access token in {file}: No such file")), "{missing}");
    house.renew("");
    assert_eq!(house.refused().await.problem.to_string(), format!("there is no access token in {file}: it is empty"));
    house.renew(r#"{"access_token": "ya29.secret"}"#);
    let error = house.refused().await;
    let said = format!("there is no access token in {file}: it holds something else; a token stands there by itself");
    assert_eq!(error.problem.to_string(), said);
    assert!(!format!("{error:?}").contains("ya29"), "{error:?}");
    assert!(house.logins().is_empty(), "{:?}", house.logins());
}

#[tokio::test]
async fn a_relay_that_repeats_the_token_does_not_bring_it_into_an_error() {
    let house = House::new().await;
    house.renew(TOKEN);
    drop(Connection::open(house.relay()).await.unwrap());
    let response = house.logins()[0].rsplit(' ').next().unwrap().to_owned();
    // The last of them is no SMTP: it would be quoted as it is.
    for answer in [format!("535 5.7.8 {TOKEN} {response}"), format!("5xx {TOKEN} {response}")] {
        house.sink.forgive();
        house.sink.add(Rule::reply(Moment::Auth, &answer));
        let error = house.refused().await;
        for told in [format!("{error:?}"), error.problem.to_string()] {
            assert!(!told.contains(TOKEN) && !told.contains(&response), "{told}");
        }
    }
    assert!(!format!("{:?}", house.relay()).contains(TOKEN));
}

#[tokio::test]
async fn a_relay_that_falls_silent_or_answers_oddly_is_no_login() {
    let house = House::new().await;
    house.renew(TOKEN);
    for (answer, problem) in [
        ("354 go on", "the relay's answer makes no sense: AUTH XOAUTH2 was answered with 354"),
        ("334 not-base64!", "the relay answered 500 5.5.2 what?"),
        ("535 5.7.3 Authentication unsuccessful", "the relay answered 535 5.7.3 Authentication unsuccessful"),
    ] {
        house.sink.forgive();
        house.sink.add(Rule::reply(Moment::Auth, answer));
        assert_eq!(house.refused().await.problem.to_string(), problem, "{answer}");
    }
    house.sink.forgive();
    house.sink.add(Rule::drop(Moment::Auth));
    assert!(matches!(house.refused().await.problem, Problem::Closed));
}
