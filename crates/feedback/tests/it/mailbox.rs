//! A mailbox at a server that does what none should. What a real one does is tested in `tests/it/mailbox.rs`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::InstanceId;
use feedback::imap::{Error, Mailbox, Reader, Server, Settings};
use feedback::{Filter, Standing, list, raw};
use sea_orm::{ConnectionTrait, Statement};
use testkit::{ManualClock, TestDb, both, start_of_time};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::World;

const PASSWORD: &str = "opensesame";

/// A server that answers each command as a test says. In an answer `TAG` is the command's.
struct Fake {
    address: SocketAddr,
    /// The commands, as they came.
    said: mpsc::UnboundedReceiver<String>,
    task: JoinHandle<()>,
}

/// What a server with an empty mailbox answers.
fn usual(command: &str) -> String {
    let more = match command.split_whitespace().next().unwrap_or_default() {
        "CAPABILITY" => "* CAPABILITY IMAP4rev1 MOVE\r\n",
        "SELECT" | "EXAMINE" => "* 0 EXISTS\r\n* OK [UIDVALIDITY 7] good\r\n",
        _ => "",
    };
    format!("{more}TAG OK done\r\n")
}

impl Fake {
    async fn start(greeting: &'static str, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, answer) = (listener.local_addr().unwrap(), Arc::new(answer));
        let (tell, said) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, greeting, Arc::clone(&answer), tell.clone()));
            }
        });
        Self { address, said, task }
    }

    fn mailbox(&self, scheme: &str) -> Mailbox {
        Mailbox::new(Settings {
            name: "returns".to_owned(),
            server: Server::of(&format!("{scheme}://{}", self.address).parse().unwrap()).unwrap(),
            username: "returns@example.com".to_owned(),
            password: PASSWORD.into(),
            certificates: None,
            processed: "Processed".parse().unwrap(),
            unreadable: "Unreadable".parse().unwrap(),
            size: 10_000,
            poll: Duration::from_secs(3_600),
            patience: Duration::from_millis(500),
        })
        .unwrap()
    }

    /// Waits for a command that begins so, and gives those before it.
    async fn heard(&mut self, command: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            let wait = tokio::time::timeout(Duration::from_secs(30), self.said.recv()).await;
            let said = wait.unwrap_or_else(|_| panic!("no {command} after {before:?}")).unwrap();
            if said.starts_with(command) {
                return before;
            }
            before.push(said);
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer that is empty is none: the server falls silent.
async fn converse(
    stream: TcpStream,
    greeting: &str,
    answer: Arc<impl Fn(&str) -> String>,
    tell: mpsc::UnboundedSender<String>,
) {
    let mut stream = BufReader::new(stream);
    let _ = stream.get_mut().write_all(greeting.as_bytes()).await;
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let (tag, command) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let _ = tell.send(command.to_owned());
        let said = answer(command).replace("TAG", tag);
        if stream.get_mut().write_all(said.as_bytes()).await.is_err() {
            return;
        }
        line.clear();
    }
}

/// What looking into a mailbox comes to whose server answers one command so, and all others as usual.
async fn probed(greeting: &'static str, command: &'static str, answer: &str) -> Result<u32, Error> {
    let answer = answer.to_owned();
    let says = move |said: &str| if said.starts_with(command) { answer.clone() } else { usual(said) };
    let server = Fake::start(greeting, says).await;
    server.mailbox("imap").probe().await.map(|found| found.waiting)
}

const HELLO: &str = "* OK hello\r\n";

#[tokio::test]
async fn a_server_that_says_more_than_it_was_asked_for_is_cut_off() {
    assert_eq!(probed(HELLO, "EXAMINE", "* 3 EXISTS\r\nTAG OK done\r\n").await.unwrap(), 3);
    let nested = format!("* 1 FETCH (BODYSTRUCTURE {}", "(".repeat(100_000));
    for (answer, said) in [
        ("* 1 FETCH (BODY[] {400000000}\r\n", "400000000 octets"),
        (&format!("* OK {}", "x".repeat(100_000)), "a line of more than"),
        (&"* OK on and on\r\n".repeat(100_000), "more than it was asked for"),
        (&nested, "parentheses"),
    ] {
        let error = probed(HELLO, "EXAMINE", answer).await.unwrap_err();
        let Error::TooMuch(excess) = error else { panic!("{error:?}") };
        assert!(excess.to_string().contains(said), "{excess}");
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_or_speaks_no_imap_is_given_up() {
    for (greeting, command, answer) in [("", "-", ""), (HELLO, "LOGIN", ""), (HELLO, "EXAMINE", "* 1 EXISTS\r\n")] {
        let error = probed(greeting, command, answer).await.unwrap_err();
        assert!(matches!(error, Error::TooSlow), "{error:?}");
    }
    let error = probed("220 mx.example.com ESMTP\r\n", "-", "").await.unwrap_err();
    assert!(matches!(error, Error::NoImap), "{error:?}");
    let error = probed("* PREAUTH welcome\r\n", "-", "").await.unwrap_err();
    assert!(matches!(error, Error::Unasked), "{error:?}");
    let error = probed("* BYE too many\r\n", "-", "").await.unwrap_err();
    assert_eq!(error.to_string(), "the server refuses the connection: too many");
}

#[tokio::test]
async fn a_server_at_which_nothing_could_be_moved_is_not_read() {
    let error = probed(HELLO, "CAPABILITY", "* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n").await.unwrap_err();
    assert!(matches!(error, Error::CannotMove), "{error:?}");
}

#[tokio::test]
async fn a_password_is_not_told_without_encryption_nor_in_an_error() {
    let mut server = Fake::start(HELLO, |said| match said {
        "STARTTLS" => "TAG NO not now\r\n".to_owned(),
        said => usual(said),
    })
    .await;
    let error = server.mailbox("imap+starttls").probe().await.unwrap_err();
    assert_eq!(error.to_string(), "the server refuses STARTTLS: not now");
    server.said.close();
    assert_eq!(server.said.recv().await.as_deref(), Some("STARTTLS"));
    assert_eq!(server.said.recv().await, None);

    let error = probed(HELLO, "LOGIN", &format!("TAG NO \"{PASSWORD}\" is wrong\r\n")).await.unwrap_err();
    assert!(error.is_login() && !format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
}

/// A reader of the fake's mailbox, until it is dropped.
struct Reading {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Reading {
    fn start(world: &World<'_>, server: &Fake) -> Self {
        let clock = Arc::new(ManualClock::at(start_of_time()));
        let instance = InstanceId::new(start_of_time());
        let reader = Reader::new(server.mailbox("imap"), world.db.clone(), world.links.clone(), clock, instance);
        let shutdown = CancellationToken::new();
        Self { task: tokio::spawn(reader.run(shutdown.clone())), shutdown }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

/// A server with one mail, UID 5, which it gives as `fetched` says, until a command has come that begins with `away`.
async fn with_a_mail(capabilities: &'static str, fetched: &'static str, away: &'static str) -> Fake {
    let is_away = std::sync::atomic::AtomicBool::new(false);
    Fake::start(HELLO, move |said| {
        use std::sync::atomic::Ordering::Relaxed;
        if !away.is_empty() && said.starts_with(away) {
            is_away.store(true, Relaxed);
        }
        match said.split_whitespace().next().unwrap_or_default() {
            "CAPABILITY" => format!("* CAPABILITY IMAP4rev1 {capabilities}\r\nTAG OK done\r\n"),
            "SELECT" if !is_away.load(Relaxed) => {
                "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] good\r\nTAG OK done\r\n".to_owned()
            }
            "FETCH" => "* 1 FETCH (UID 5)\r\nTAG OK done\r\n".to_owned(),
            "UID" if said.starts_with("UID FETCH") => fetched.to_owned(),
            _ => usual(said),
        }
    })
    .await
}

const MAIL: &str = "* 1 FETCH (UID 5 BODY[]<0> {20}\r\nSubject: a\r\n\r\nText\r\n)\r\nTAG OK done\r\n";

both!(
    async fn a_mail_that_the_server_does_not_give_is_put_aside_and_listed(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut server = with_a_mail("MOVE", "TAG NO it is broken\r\n", "UID MOVE").await;
        let reading = Reading::start(&world, &server);
        let before = server.heard("UID MOVE 5 \"Unreadable\"").await;
        assert_eq!(before.iter().filter(|said| said.starts_with("UID FETCH 5 ")).count(), 3, "{before:?}");
        reading.stop().await;
        let kept = list(world.db.reader(), Filter::default(), None, 10).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].standing, kept[0].source.as_str()), (Standing::NotUnderstood, "imap"));
        let note = String::from_utf8(raw(world.db.reader(), kept[0].id).await.unwrap().unwrap()).unwrap();
        assert!(note.contains("UID 5 under UIDVALIDITY 7") && note.contains("folder Unreadable"), "{note}");
    }
);

both!(
    async fn where_there_is_no_move_the_one_mail_is_copied_and_expunged(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut server = with_a_mail("UIDPLUS", MAIL, "UID EXPUNGE").await;
        let reading = Reading::start(&world, &server);
        server.heard("UID FETCH 5 (UID BODY.PEEK[]<0.10001>)").await;
        let moved = server.heard("UID EXPUNGE 5").await;
        assert_eq!(moved, ["UID COPY 5 \"Processed\"", "UID STORE 5 +FLAGS.SILENT (\\Deleted)"]);
        reading.stop().await;
    }
);

both!(
    async fn a_mail_whose_uid_may_become_another_s_is_left_alone(db: TestDb) {
        let world = World::new(db.database()).await;
        let says = |said: &str| match said {
            "SELECT \"INBOX\"" => "* 1 EXISTS\r\nTAG OK done\r\n".to_owned(),
            said => usual(said),
        };
        let mut server = Fake::start(HELLO, says).await;
        let reading = Reading::start(&world, &server);
        server.heard("SELECT").await;
        assert_eq!(server.heard("CAPABILITY").await.len(), 1, "nothing but the next login");
        reading.stop().await;
    }
);

both!(
    async fn a_mail_that_is_moved_and_stays_is_not_read_for_ever(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut server = with_a_mail("MOVE", MAIL, "").await;
        let reading = Reading::start(&world, &server);
        server.heard("LOGIN").await;
        let once = server.heard("LOGIN").await;
        assert_eq!(once.iter().filter(|said| said.starts_with("UID FETCH")).count(), 1, "{once:?}");
        reading.stop().await;
        assert_eq!(list(world.db.reader(), Filter::default(), None, 10).await.unwrap().len(), 1);
    }
);

both!(
    async fn of_two_instances_one_reads_and_the_other_takes_over(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut server = Fake::start(HELLO, usual).await;
        let first = Reading::start(&world, &server);
        server.heard("SELECT").await;
        // Who does not have the role says nothing to the server; when it is given back, the next look finds it.
        let second = Reading::start(&world, &server);
        first.stop().await;
        let before = server.heard("LOGIN").await;
        assert_eq!(before, ["LOGOUT"], "{before:?}");
        let sql = "SELECT fence FROM leases WHERE role = 'mailbox:returns'";
        let row = world.db.reader().query_one_raw(Statement::from_string(world.db.backend(), sql)).await.unwrap();
        assert_eq!(row.unwrap().try_get_by_index::<i64>(0).unwrap(), 2, "it has changed hands once");
        second.stop().await;
    }
);
