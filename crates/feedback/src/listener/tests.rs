//! Who is slow, by a clock that is moved: nothing here waits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use links::Links;
use testkit::{ManualClock, TestDb, keys, start_of_time};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::time::Instant;

use super::socket::Peer;
use super::{Protocol, Server, Settings, serve};

/// A conversation by a clock that goes on as soon as everybody waits. The database is open before that, and is not asked.
struct Quiet {
    client: BufReader<DuplexStream>,
    begun: Instant,
    server: Arc<Server>,
    db: Arc<TestDb>,
}

impl Quiet {
    async fn begin(protocol: Protocol, set: impl FnOnce(&mut Settings)) -> Self {
        let db = Arc::new(TestDb::sqlite().await);
        let mut settings = Settings::new("mx.bounce.example.com");
        settings.fixed = vec!["postmaster@bounce.example.com".parse().unwrap()];
        set(&mut settings);
        let clock = Arc::new(ManualClock::at(start_of_time()));
        let server = Server::new(settings, db.database().clone(), Links::new(&keys()), clock);
        tokio::time::pause();
        Self::connect(protocol, Arc::new(server), db).await
    }

    async fn connect(protocol: Protocol, server: Arc<Server>, db: Arc<TestDb>) -> Self {
        let (client, stream) = tokio::io::duplex(1 << 20);
        let peer = Peer::at(SocketAddr::from(([192, 0, 2, 1], 25)));
        let served = Arc::clone(&server);
        tokio::spawn(async move { serve(&served, protocol, stream, peer).await });
        let mut quiet = Self { client: BufReader::new(client), begun: Instant::now(), server, db };
        assert!(quiet.read().await.starts_with("220"));
        quiet
    }

    /// A second client of the same server.
    async fn another(&self) -> Self {
        Self::connect(Protocol::Smtp, Arc::clone(&self.server), Arc::clone(&self.db)).await
    }

    /// The next line; empty once the connection is closed.
    async fn read(&mut self) -> String {
        let mut line = String::new();
        self.client.read_line(&mut line).await.unwrap();
        line
    }

    async fn send(&mut self, text: &str) {
        self.client.write_all(text.as_bytes()).await.unwrap();
    }

    async fn say(&mut self, line: &str) -> String {
        self.send(&format!("{line}\r\n")).await;
        let mut reply = self.read().await;
        while reply.as_bytes().get(3) == Some(&b'-') {
            reply = self.read().await;
        }
        reply
    }

    /// Up to DATA.
    async fn begin_mail(&mut self, hello: &str) {
        for (line, code) in [(hello, "250"), ("MAIL FROM:<>", "250"), ("RCPT TO:<postmaster>", "250"), ("DATA", "354")]
        {
            assert!(self.say(line).await.starts_with(code), "{line}");
        }
    }

    fn seconds(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }
}

/// Sends a text again and again, with pauses, until the connection is closed; gives when that was and what was said.
async fn drip(quiet: &mut Quiet, text: &str, pause: u64) -> (u64, String) {
    loop {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        if quiet.client.write_all(text.as_bytes()).await.is_err() {
            let mut said = String::new();
            quiet.client.read_to_string(&mut said).await.unwrap();
            return (quiet.seconds(), said);
        }
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_more_is_sent_away_after_five_minutes() {
    for half in ["", "EHLO half"] {
        let mut quiet = Quiet::begin(Protocol::Smtp, |_| {}).await;
        quiet.send(half).await;
        assert!(quiet.read().await.starts_with("421 4.4.2"), "{half:?}");
        assert_eq!((quiet.read().await.as_str(), quiet.seconds()), ("", 300));
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_client_that_drips_a_command_wins_nothing() {
    let mut quiet = Quiet::begin(Protocol::Smtp, |_| {}).await;
    let (after, said) = drip(&mut quiet, "x", 7).await;
    assert!(said.starts_with("421 4.4.2"), "{said}");
    assert_eq!(after, 301);
}

#[tokio::test]
async fn a_mail_that_stops_is_waited_for_five_minutes_and_one_that_drips_for_ten() {
    let mut quiet = Quiet::begin(Protocol::Smtp, |_| {}).await;
    quiet.begin_mail("EHLO mx.example.net").await;
    quiet.send("Subject: half").await;
    assert!(quiet.read().await.starts_with("421 4.4.2"));
    assert_eq!((quiet.read().await.as_str(), quiet.seconds()), ("", 300));
    tokio::time::resume();

    let mut quiet = Quiet::begin(Protocol::Smtp, |_| {}).await;
    quiet.begin_mail("EHLO mx.example.net").await;
    let (after, said) = drip(&mut quiet, "x\r\n", 170).await;
    assert!(said.starts_with("421 4.4.2"), "{said}");
    assert_eq!(after, 680);
}

#[tokio::test]
async fn a_connection_ends_however_busy_it_is() {
    let mut quiet = Quiet::begin(Protocol::Smtp, |_| {}).await;
    quiet.say("EHLO mx.example.net").await;
    let mut taken = 0;
    while quiet.client.write_all(b"MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(299)).await;
        quiet.client.write_all(b"RSET\r\n").await.ok();
        taken += 1;
    }
    assert!((12..=14).contains(&taken), "{taken}");
}

#[tokio::test]
async fn a_client_that_only_talks_is_sent_away() {
    let mut quiet = Quiet::begin(Protocol::Smtp, |_| {}).await;
    quiet.say("EHLO mx.example.net").await;
    for _ in 0..99 {
        assert!(quiet.say("NOOP").await.starts_with("250"));
    }
    assert!(quiet.say("NOOP").await.starts_with("421 4.7.0"));
    assert_eq!(quiet.read().await, "");
}

#[tokio::test]
async fn a_client_that_guesses_waits_longer_each_time_and_is_sent_away() {
    let mut quiet = Quiet::begin(Protocol::Smtp, |settings| settings.errors = 4).await;
    quiet.say("EHLO mx.example.net").await;
    quiet.say("MAIL FROM:<>").await;
    for (guess, code, waited) in [
        ("b-aaaa@bounce.example.com", "550 5.1.1", 1),
        ("somebody@example.org", "550 5.7.1", 3),
        ("news@bounce.example.com", "550 5.1.1", 7),
        ("other@bounce.example.com", "550 5.1.1", 7),
    ] {
        assert!(quiet.say(&format!("RCPT TO:<{guess}>")).await.starts_with(code), "{guess}");
        assert_eq!(quiet.seconds(), waited, "{guess}");
    }
    assert!(quiet.read().await.starts_with("421 4.7.0"));
    assert_eq!(quiet.read().await, "");
}

#[tokio::test]
async fn an_own_mail_server_is_not_held_up_by_what_others_send_it() {
    let mut quiet = Quiet::begin(Protocol::Lmtp, |_| {}).await;
    quiet.say("LHLO mx.example.net").await;
    quiet.say("MAIL FROM:<>").await;
    for _ in 0..5 {
        assert!(quiet.say("RCPT TO:<somebody@example.org>").await.starts_with("550 5.7.1"));
    }
    assert_eq!(quiet.seconds(), 0);
}

#[tokio::test]
async fn all_mails_together_have_so_much_memory_and_what_is_beyond_it_comes_later() {
    let line = format!("{}\r\n", "x".repeat(998));
    let mut first = Quiet::begin(Protocol::Smtp, |settings| settings.memory = 1 << 20).await;
    first.begin_mail("EHLO a.example").await;
    first.send(&line.repeat(1_000)).await;
    // The clock goes on once the server waits for more.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut second = first.another().await;
    second.begin_mail("EHLO b.example").await;
    second.send(&format!("{}.\r\n", line.repeat(200))).await;
    assert!(second.read().await.starts_with("452 4.3.1"));

    drop(first);
    tokio::time::sleep(Duration::from_secs(1)).await;
    // From here on the database is asked, which goes by the real clock.
    tokio::time::resume();
    second.begin_mail("RSET").await;
    second.send(&format!("{}.\r\n", line.repeat(200))).await;
    assert_eq!(second.read().await, "250 2.0.0 ok\r\n");
}
