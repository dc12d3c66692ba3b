//! Returned mail in a mailbox, at a real Dovecot.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Statement};
use testkit::smtp::{Certificate, SmtpSink};
use testkit::{TestDb, both};
use tests::{Dovecot, Eshot, Folder, Installation, Staff, mails_to, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The mailbox as the configuration has it.
fn mailbox(server: &Dovecot, url: &str) -> String {
    format!(
        "[mailbox]\nurl = \"{url}\"\nusername = \"{}\"\npassword = '{}'\ncertificates = \"{}\"\ntimeout = \"20s\"\n",
        Dovecot::USER,
        Dovecot::PASSWORD,
        server.certificate().display(),
    )
}

/// A program that has sent a campaign to somebody, with a mailbox.
struct House {
    eshot: Eshot,
    sink: SmtpSink,
}

impl House {
    async fn new(db: &TestDb, more: &str) -> Self {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(db, sink.address(), more);
        Self { eshot, sink }
    }

    /// Sends a campaign to these people, who are on file by it, and gives its id.
    async fn send(&self, people: &[&str]) -> String {
        let staff = Staff::of(&self.eshot).await;
        staff.enrol(people.iter().map(|name| format!("{name}@example.com")), "offers").await;
        let campaign = staff.send("offers", "First").await;
        staff.finished(&campaign).await;
        campaign
    }

    /// What a server returns that does not know somebody who was mailed.
    fn bounce(&self, name: &str) -> Vec<u8> {
        let to = format!("{name}@example.com");
        let path = mails_to(&self.sink, &to)[0].from.clone();
        format!(
            "Return-Path: <>\r\nDelivered-To: {user}\r\nX-Original-To: {path}\r\n\
             From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nTo: {path}\r\n\
             Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nThis is the mail system at host mx.example.net.\r\n\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n\
             Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 <{to}>: Recipient address rejected: User unknown\r\n\r\n--b--\r\n",
            user = Dovecot::USER,
        )
        .into_bytes()
    }

    async fn suppressions(&self, name: &str) -> Vec<String> {
        Staff::of(&self.eshot).await.suppressions(&format!("{name}@example.com")).await
    }
}

async fn wait_for(server: &Dovecot, what: &str, folders: [usize; 3]) {
    let counts = || [Folder::Inbox, Folder::Processed, Folder::Unreadable].map(|folder| server.mails(folder).len());
    for _ in 0..600 {
        if counts() == folders {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain for {what}: {:?}\n{}", counts(), server.log());
}

/// How many mails are kept, and how many facts of bounces there are.
async fn kept(db: &TestDb) -> [i64; 2] {
    let sql = "SELECT (SELECT COUNT(*) FROM returned_mail), (SELECT COUNT(*) FROM facts WHERE kind = 'bounced')";
    let statement = Statement::from_string(db.database().backend(), sql);
    let row = db.database().reader().query_one_raw(statement).await.unwrap().unwrap();
    [0, 1].map(|at| row.try_get_by_index(at).unwrap())
}

both!(
    async fn returned_mail_in_a_mailbox_suppresses_and_is_moved_by_whichever_way_in(db: TestDb) {
        let server = match Dovecot::start() {
            Ok(server) => server,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let urls = [
            format!("imaps://localhost:{}", server.implicit().port()),
            format!("imap+starttls://127.0.0.1:{}", server.plain().port()),
            format!("imap://{}", server.plain()),
        ];
        let house = House::new(&db, &mailbox(&server, &urls[0])).await;
        house.send(&["ada", "gone"]).await;
        let named =
            |(at, url): (usize, &String)| mailbox(&server, url).replace("[mailbox]", &format!("[mailboxes.no-{at}]"));
        let several: String = urls.iter().enumerate().map(named).collect();
        let installation = Installation::new(db.url(), house.sink.address(), &several);
        let said = String::from_utf8(installation.try_run(&["check"]).stdout).unwrap();
        assert_eq!(said.matches("0 mails lie in INBOX, and it tells at once").count(), 3, "{said}\n{}", server.log());
        assert!(!said.contains("sesame"), "{said}");
        server.deliver(&house.bounce("gone"));
        wait_until("the report to be read", async || house.suppressions("gone").await == ["hard"]).await;
        wait_for(&server, "the mail to be moved", [0, 1, 0]).await;
        assert_eq!(house.suppressions("ada").await, [""; 0]);
        assert_eq!(kept(&db).await, [1, 1]);
        let listed = house.eshot.installation().run(&["feedback", "list", "--source", "imap"]);
        assert!(listed.contains("delivery_report"), "{listed}");
        let log = house.eshot.log();
        assert!(!log.contains("sesame") && !log.contains("gone@example.com"), "{log}");
    }
);

both!(
    async fn what_is_too_large_and_what_is_no_mail_keep_nothing_waiting(db: TestDb) {
        let server = match Dovecot::start() {
            Ok(server) => server,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let house = House::new(&db, &mailbox(&server, &format!("imap://{}", server.plain()))).await;
        house.send(&["large", "gone"]).await;
        let large = [house.bounce("large"), "all work and no play\r\n".repeat(1_500_000).into_bytes()].concat();
        assert!(large.len() > 30_000_000);
        server.deliver(&large);
        server.deliver(&[b"\x00\xff\r\r\n:\x01".as_slice(), &[0xfe; 5_000]].concat());
        server.deliver(b"");
        server.deliver(&house.bounce("gone"));
        wait_for(&server, "all to be moved", [0, 3, 1]).await;
        assert_eq!(house.suppressions("gone").await, ["hard"]);
        // Its first two megabytes say whom it is about.
        assert_eq!(house.suppressions("large").await, ["hard"]);
        assert_eq!(server.mails(Folder::Unreadable), [large]);
        let log = house.eshot.log();
        assert!(log.contains("put aside in the folder Unreadable: it has more than 2000000 bytes"), "{log}");
        let listed = house.eshot.installation().run(&["feedback", "list", "--not-understood"]);
        assert_eq!(listed.matches("unknown").count(), 2, "{listed}");
    }
);

/// A way to a server that lets everything through until the client says a word. Then that, and all that follows, goes nowhere; the next
/// connection is let through.
struct Gate {
    address: SocketAddr,
    closed: watch::Receiver<bool>,
}

impl Gate {
    async fn start(server: SocketAddr, word: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (close, closed) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, close) = (TcpStream::connect(server).await.unwrap(), close.clone());
                tokio::spawn(pass(client, server, word, close));
            }
        });
        Self { address, closed }
    }
}

async fn pass(client: TcpStream, server: TcpStream, word: &str, close: watch::Sender<bool>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let back = tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
    let mut said = vec![0; 64 * 1_024];
    while let Ok(read @ 1..) = from_client.read(&mut said).await {
        let has_word = String::from_utf8_lossy(&said[..read]).contains(word);
        if has_word && !*close.borrow() {
            close.send_replace(true);
            // The client hears nothing more, until it is gone.
            while let Ok(1..) = from_client.read(&mut said).await {}
            break;
        }
        if to_server.write_all(&said[..read]).await.is_err() {
            break;
        }
    }
    back.abort();
}

both!(
    async fn a_program_that_is_killed_before_a_mail_is_moved_does_nothing_twice(db: TestDb) {
        let server = match Dovecot::start() {
            Ok(server) => server,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let mut gate = Gate::start(server.plain(), "UID MOVE").await;
        let mut house = House::new(&db, &mailbox(&server, &format!("imap://{}", gate.address))).await;
        house.send(&["ada", "gone"]).await;
        server.deliver(&house.bounce("gone"));
        gate.closed.wait_for(|closed| *closed).await.unwrap();
        house.eshot.kill();
        assert_eq!(kept(&db).await, [1, 1], "it was committed");
        assert_eq!(server.mails(Folder::Inbox).len(), 1, "and not moved");
        house.eshot.restart();
        // Whoever was killed has the right to read for half a minute.
        house.eshot.advance(Duration::from_secs(60));
        wait_for(&server, "the mail to be moved", [0, 1, 0]).await;
        assert_eq!(kept(&db).await, [1, 1]);
        assert_eq!(house.suppressions("gone").await, ["hard"]);
    }
);

both!(
    async fn a_server_that_goes_away_is_read_again_when_it_is_back(db: TestDb) {
        // One that cannot move: the mail is copied, and the one of it expunged.
        let capability = "imap_capability = IMAP4rev1 LITERAL+ UIDPLUS IDLE";
        let mut server = match Dovecot::start_with(Certificate::Good, capability) {
            Ok(server) => server,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let house =
            House::new(&db, &mailbox(&server, &format!("imaps://localhost:{}", server.implicit().port()))).await;
        house.send(&["ada", "gone"]).await;
        server.deliver(&house.bounce("gone"));
        wait_for(&server, "the first mail to be moved", [0, 1, 0]).await;
        server.stop();
        server.deliver(&house.bounce("ada"));
        wait_until("the loss to be told", async || house.eshot.log().contains("cannot be read and is tried again"))
            .await;
        server.resume().unwrap();
        wait_for(&server, "the second mail to be moved", [0, 2, 0]).await;
        assert_eq!(house.suppressions("ada").await, ["hard"]);
        assert_eq!(kept(&db).await, [2, 2]);
    }
);

both!(
    async fn a_mail_that_comes_is_told_by_the_server_and_not_looked_for(db: TestDb) {
        let server = match Dovecot::start() {
            Ok(server) => server,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let seldom = format!("{}poll = \"1h\"\n", mailbox(&server, &format!("imap://{}", server.plain())));
        let house = House::new(&db, &seldom).await;
        house.send(&["ada", "gone"]).await;
        for (at, name) in ["ada", "gone"].into_iter().enumerate() {
            let begun = Instant::now();
            server.deliver(&house.bounce(name));
            wait_for(&server, "the mail to be moved", [0, at + 1, 0]).await;
            assert!(begun.elapsed() < Duration::from_secs(2), "{name}: {:?}", begun.elapsed());
        }
    }
);

both!(
    async fn a_server_with_a_certificate_that_does_not_verify_is_told_no_password(db: TestDb) {
        let server = match Dovecot::start_with(Certificate::WrongName, "auth_verbose = yes") {
            Ok(server) => server,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let urls = [
            format!("imaps://localhost:{}", server.implicit().port()),
            format!("imap+starttls://localhost:{}", server.plain().port()),
        ];
        let named =
            |(at, url): (usize, &String)| mailbox(&server, url).replace("[mailbox]", &format!("[mailboxes.no-{at}]"));
        let several: String = urls.iter().enumerate().map(named).collect();
        let house = House::new(&db, &several).await;
        server.deliver(b"Subject: a\n\nText\n");
        let refused = |log: String| log.matches("there is no encrypted connection to the server").count() >= 2;
        wait_until("both to be refused", async || refused(house.eshot.log())).await;
        wait_for(&server, "nothing to be touched", [1, 0, 0]).await;
        assert!(!server.log().contains("Login: user"), "{}", server.log());
    }
);

/// PostgreSQL alone takes two instances.
#[test]
fn of_two_instances_one_reads_the_mailbox_and_the_other_when_that_is_gone() {
    testkit::run(async {
        let Some(db) = TestDb::postgres().await else {
            return eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
        };
        let server = match Dovecot::start() {
            Ok(server) => server,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let more = mailbox(&server, &format!("imap://{}", server.plain()));
        let mut house = House::new(&db, &more).await;
        house.send(&["ada", "gone"]).await;
        let reads = |eshot: &Eshot| eshot.log().contains("the mailbox mailbox is read");
        wait_until("the first to read", async || reads(&house.eshot)).await;
        let second = house.eshot.join(&db, house.sink.address(), &more);
        server.deliver(&house.bounce("ada"));
        wait_for(&server, "the first mail to be moved", [0, 1, 0]).await;
        assert!(!reads(&second), "{}", second.log());
        house.eshot.kill();
        second.advance(Duration::from_secs(60));
        server.deliver(&house.bounce("gone"));
        wait_for(&server, "the second mail to be moved", [0, 2, 0]).await;
        assert!(reads(&second), "{}", second.log());
    });
}
