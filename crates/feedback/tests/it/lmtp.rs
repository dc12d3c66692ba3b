//! What a mail server of our own hands over, RFC 2033.

use feedback::listener::Address;
use feedback::{Filter, list};
use sea_orm::ConnectionTrait;
use testkit::{TestDb, both};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::client::{Client, Running, settings};
use crate::world::{World, sample};

async fn connect(to: &Address) -> Client<Box<dyn Stream>> {
    let stream: Box<dyn Stream> = match to {
        Address::Tcp(address) => Box::new(TcpStream::connect(address).await.unwrap()),
        Address::Unix(path) => Box::new(UnixStream::connect(path).await.unwrap()),
    };
    let mut client = Client::over(stream);
    let greeting = client.read().await;
    assert!(greeting.starts_with("220 mx.bounce.example.com LMTP"), "{greeting}");
    client
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

both!(
    async fn each_recipient_has_an_answer_of_its_own_once_it_is_committed(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let running = Running::start(&world, settings()).await;
        for at in [running.lmtp.clone(), running.unix.clone()] {
            let mut client = connect(&at).await;
            client.send(b"LHLO mx.example.net\r\n").await;
            let offered = client.read().await;
            for extension in ["SIZE 1048576", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"] {
                assert!(offered.contains(extension), "{offered}");
            }
            let path = world.return_path(key);
            let report = format!("{}X-Way: {at}\r\n", world.returned("postfix-unknown-user.eml", key));
            for (line, code) in [
                ("MAIL FROM:<>".to_owned(), "250"),
                ("RCPT TO:<postmaster>".to_owned(), "250"),
                ("RCPT TO:<somebody@example.org>".to_owned(), "550"),
                (format!("RCPT TO:<{path}>"), "250"),
                ("DATA".to_owned(), "354"),
            ] {
                assert_eq!(client.say(&line).await, code, "{line}");
            }
            client.send(format!("{report}.\r\nNOOP\r\n").as_bytes()).await;
            assert_eq!([client.read().await, client.read().await], ["250 2.0.0 ok"; 2], "two were taken");
            assert_eq!(client.say("QUIT").await, "250", "that of NOOP");
            assert!(outbox::find(world.db.reader(), key).await.unwrap().unwrap().bounced_at.is_some());
        }
        let kept = list(world.db.reader(), Filter { source: Some("lmtp".into()), ..Filter::default() }, None, 9).await;
        // Whoever it comes to, and by whichever way, it is the same report.
        assert_eq!(kept.unwrap().len(), 1);
        running.stop().await;
    }
);

both!(
    async fn who_greets_in_the_other_protocol_is_in_the_wrong_place(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        let mut client = connect(&running.lmtp).await;
        for (line, code) in [("EHLO a.example", "500"), ("HELO a.example", "500"), ("MAIL FROM:<>", "503")] {
            assert_eq!(client.say(line).await, code, "{line}");
        }
        let mut client = Client::connect(&running).await;
        assert_eq!(client.say("LHLO a.example").await, "500");
        running.stop().await;
    }
);

both!(
    async fn what_was_not_kept_for_one_recipient_is_given_back_for_that_one_only(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        let mut client = connect(&running.lmtp).await;
        client.say("LHLO a.example").await;
        let writer = world.db.writer();
        writer.execute_unprepared("CREATE UNIQUE INDEX one_of_a_kind ON returned_mail (kind)").await.unwrap();
        let to = ["postmaster@bounce.example.com", "fbl@bounce.example.com", "postmaster"];
        client.say("MAIL FROM:<>").await;
        for to in to {
            assert_eq!(client.say(&format!("RCPT TO:<{to}>")).await, "250");
        }
        assert_eq!(client.say("DATA").await, "354");
        client.send(format!("{}.\r\n", sample("nonsense.eml")).as_bytes()).await;
        let answers = [client.read().await, client.read().await, client.read().await];
        assert_eq!(answers.map(|answer| answer[..9].to_owned()), ["250 2.0.0", "451 4.3.0", "451 4.3.0"]);
        writer.execute_unprepared("DROP INDEX one_of_a_kind").await.unwrap();
        assert!(client.deliver(to[1], sample("nonsense.eml").trim_end()).await.starts_with("250"));
        assert_eq!(list(world.db.reader(), Filter::default(), None, 9).await.unwrap().len(), 2);
        running.stop().await;
    }
);

both!(
    async fn what_is_refused_whole_is_refused_for_each(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut small = settings();
        small.size = 1_000;
        let running = Running::start(&world, small).await;
        for (mail, code) in [("x".repeat(2_000), "552 5.3.4"), ("bare\nline".to_owned(), "521 5.5.2")] {
            let mut client = connect(&running.lmtp).await;
            client.say("LHLO a.example").await;
            client.say("MAIL FROM:<>").await;
            client.say("RCPT TO:<postmaster>").await;
            client.say("RCPT TO:<fbl@bounce.example.com>").await;
            client.say("DATA").await;
            client.send(format!("{mail}\r\n.\r\n").as_bytes()).await;
            for _ in 0..2 {
                assert!(client.read().await.starts_with(code), "{code}");
            }
        }
        running.stop().await;
    }
);
