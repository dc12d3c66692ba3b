//! The listener, over real sockets.

use std::sync::Arc;

use feedback::{Filter, list};
use sea_orm::ConnectionTrait;
use testkit::{TestDb, both};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::client::{Client, Running, settings};
use crate::world::{World, sample};

both!(
    async fn a_bounce_is_taken_and_committed_before_it_is_acknowledged(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let running = Running::start(&world, settings()).await;
        let mut client = Client::connect(&running).await;
        client.send(b"EHLO mx.example.net\r\n").await;
        let offered = client.read().await;
        for extension in ["SIZE 1048576", "PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"] {
            assert!(offered.contains(extension), "{offered}");
        }
        assert!(!offered.contains("STARTTLS"), "{offered}");
        // Addresses come back in whatever case the other side likes.
        let to = world.return_path(key).to_string().to_uppercase();
        let report = world.returned("postfix-unknown-user.eml", key);
        assert_eq!(client.deliver(&to, &report).await, "250 2.0.0 ok");
        assert!(outbox::find(world.db.reader(), key).await.unwrap().unwrap().bounced_at.is_some());
        assert_eq!(client.say("QUIT").await, "221");
        running.stop().await;
    }
);

both!(
    async fn only_tokens_and_fixed_addresses_are_recipients(db: TestDb) {
        let world = World::new(db.database()).await;
        let key = world.sent("ada@example.org", "other", None).await;
        let running = Running::start(&world, settings()).await;
        let mut client = Client::connect(&running).await;
        client.say("EHLO mx.example.net").await;
        client.say("MAIL FROM:<somebody@example.net>").await;
        let path = world.return_path(key).to_string();
        let flipped = path.replacen("b-a", "b-b", 1);
        assert_ne!(path, flipped);
        for (to, code) in [
            (path.as_str(), "250"),
            ("postmaster@bounce.example.com", "250"),
            ("Postmaster", "250"),
            ("fbl@bounce.example.com", "250"),
            (&flipped, "550"),
            ("somebody@example.org", "550"),
            ("news@bounce.example.com", "550"),
            ("not an address", "553"),
            ("localhost-only", "553"),
        ] {
            assert_eq!(client.say(&format!("RCPT TO:<{to}>")).await, code, "{to}");
        }
        running.stop().await;
    }
);

both!(
    async fn commands_out_of_their_order_are_refused(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut quiet = settings();
        quiet.errors = 100;
        let running = Running::start(&world, quiet).await;
        let mut client = Client::connect(&running).await;
        for (line, code) in [
            ("MAIL FROM:<>", "503"),
            ("HELO mx.example.net", "250"),
            ("RCPT TO:<postmaster>", "503"),
            ("DATA", "503"),
            ("MAIL FROM:<> SIZE=1048577", "552"),
            ("MAIL FROM:<> SIZE=1000 BODY=8BITMIME", "250"),
            ("MAIL FROM:<>", "503"),
            ("DATA", "503"),
            ("RCPT TO:<postmaster>", "250"),
            ("RSET", "250"),
            ("DATA", "503"),
            ("NOOP", "250"),
            ("VRFY ada", "252"),
            ("EXPN all", "502"),
            ("AUTH PLAIN", "502"),
            ("STARTTLS", "502"),
            ("TURN", "500"),
            ("QUIT", "221"),
        ] {
            assert_eq!(client.say(line).await, code, "{line}");
        }
        assert_eq!(client.read().await, "");
        running.stop().await;
    }
);

both!(
    async fn a_whole_mail_may_come_in_one_piece(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        let mut client = Client::connect(&running).await;
        client
            .send(
                b"EHLO a.example\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nSubject: one\r\n\r\n..\r\n.\r\n\
                  MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nSubject: two\r\n\r\n.\r\nQUIT\r\n",
            )
            .await;
        let mut codes = Vec::new();
        for _ in 0..10 {
            codes.push(client.read().await.chars().take(3).collect::<String>());
        }
        assert_eq!(codes, ["250", "250", "250", "354", "250", "250", "250", "354", "250", "221"]);
        let kept = list(world.db.reader(), Filter::default(), None, 10).await.unwrap();
        assert_eq!(kept.len(), 2);
        let mut texts = Vec::new();
        for kept in kept {
            texts.push(feedback::raw(world.db.reader(), kept.id).await.unwrap().unwrap());
        }
        assert!(texts.contains(&b"Subject: one\r\n\r\n.\r\n".to_vec()), "{texts:?}");
        running.stop().await;
    }
);

both!(
    async fn a_smuggled_mail_is_not_taken(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        for end in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r"] {
            let mut client = Client::connect(&running).await;
            client.say("EHLO mx.example.net").await;
            let smuggled =
                format!("Subject: a\r\n\r\nhello{end}MAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\nSubject: b\r\n");
            assert!(client.deliver("postmaster", &smuggled).await.starts_with("521 5.5.2"), "{end:?}");
            assert_eq!(client.read().await, "", "{end:?}");
        }
        let mut client = Client::connect(&running).await;
        client.send(b"EHLO mx.example.net\n").await;
        assert!(client.read().await.starts_with("521 5.5.2"));
        assert!(list(world.db.reader(), Filter::default(), None, 10).await.unwrap().is_empty());
        running.stop().await;
    }
);

both!(
    async fn what_is_too_much_is_refused_and_the_connection_goes_on(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut small = settings();
        small.size = 1_000;
        let running = Running::start(&world, small).await;
        let mut client = Client::connect(&running).await;
        client.say("EHLO mx.example.net").await;
        let large = format!("Subject: large\r\n\r\n{}", "x".repeat(2_000));
        assert!(client.deliver("postmaster", &large).await.starts_with("552 5.3.4"));
        assert_eq!(client.say(&format!("NOOP {}", "x".repeat(5_000))).await, "500");
        assert!(client.deliver("postmaster", "Subject: small\r\n").await.starts_with("250"));
        running.stop().await;
    }
);

both!(
    async fn a_client_that_guesses_is_sent_away(db: TestDb) {
        let world = World::new(db.database()).await;
        let mut strict = settings();
        strict.errors = 3;
        strict.connections_per_client = 1;
        let running = Running::start(&world, strict).await;
        let mut client = Client::connect(&running).await;
        let mut second = Client::raw(&running).await;
        assert!(second.read().await.starts_with("421 4.7.0 too many connections"));
        client.say("EHLO mx.example.net").await;
        client.say("MAIL FROM:<>").await;
        for guess in ["a@example.org", "b@example.org", "c@example.org"] {
            assert_eq!(client.say(&format!("RCPT TO:<{guess}>")).await, "550");
        }
        assert!(client.read().await.starts_with("421 4.7.0"));
        assert_eq!(client.read().await, "");
        running.stop().await;
    }
);

both!(
    async fn eight_bit_mail_and_addresses_beyond_ascii_arrive_as_they_were_sent(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        let mut client = Client::connect(&running).await;
        client.say("EHLO mx.example.net").await;
        assert_eq!(client.say("MAIL FROM:<jürgen@größe.example> SIZE=100 BODY=8BITMIME SMTPUTF8").await, "250");
        assert_eq!(client.say("RCPT TO:<postmaster>").await, "250");
        assert_eq!(client.say("DATA").await, "354");
        let mail = "Subject: Grüße\r\n\r\n日本 \u{a0}".as_bytes();
        let mail = [mail, b"\xe9\x00\xff\r\n"].concat();
        client.send(&[&mail[..], b".\r\n"].concat()).await;
        assert_eq!(client.read().await, "250 2.0.0 ok");
        let kept = list(world.db.reader(), Filter::default(), None, 10).await.unwrap();
        assert_eq!(kept[0].envelope_from, "jürgen@größe.example");
        assert_eq!(feedback::raw(world.db.reader(), kept[0].id).await.unwrap().unwrap(), mail);
        running.stop().await;
    }
);

both!(
    async fn a_mail_is_given_back_while_the_database_fails(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        let mut client = Client::connect(&running).await;
        client.say("EHLO mx.example.net").await;
        world.db.writer().execute_unprepared("ALTER TABLE returned_mail RENAME TO elsewhere").await.unwrap();
        assert!(client.deliver("postmaster", &sample("nonsense.eml")).await.starts_with("451 4.3.0"));
        world.db.writer().execute_unprepared("ALTER TABLE elsewhere RENAME TO returned_mail").await.unwrap();
        assert!(client.deliver("postmaster", &sample("nonsense.eml")).await.starts_with("250"));
        running.stop().await;
    }
);

both!(
    async fn a_shutdown_lets_a_mail_end_and_sends_idle_clients_home(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        let mut idle = Client::connect(&running).await;
        let mut busy = Client::connect(&running).await;
        idle.say("EHLO mx.example.net").await;
        busy.say("EHLO mx.example.net").await;
        busy.say("MAIL FROM:<>").await;
        busy.say("RCPT TO:<postmaster>").await;
        busy.say("DATA").await;
        running.begin_shutdown();
        assert!(idle.read().await.starts_with("421 4.3.2"));
        busy.send(b"Subject: in time\r\n\r\n.\r\n").await;
        assert!(busy.read().await.starts_with("250"));
        assert!(busy.read().await.starts_with("421 4.3.2"));
        running.stop().await;
        assert_eq!(list(world.db.reader(), Filter::default(), None, 10).await.unwrap().len(), 1);
    }
);

both!(
    async fn nothing_that_was_said_before_starttls_counts(db: TestDb) {
        let world = World::new(db.database()).await;
        let (server, client_config) = certificates();
        let mut secure = settings();
        secure.tls = Some(Arc::new(server));
        let running = Running::start(&world, secure).await;
        let mut client = Client::connect(&running).await;
        client.say("EHLO mx.example.net").await;
        client.say("MAIL FROM:<>").await;
        // What follows in the clear could be anybody's.
        client.send(b"STARTTLS\r\nEHLO injected.example\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\n").await;
        assert!(client.read().await.starts_with("220"));
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(client_config)).connect(name, client.into_inner()).await.unwrap();
        let mut client = Client::over(stream);
        assert_eq!(client.say("RCPT TO:<postmaster>").await, "503");
        assert_eq!(client.say("MAIL FROM:<>").await, "503");
        client.send(b"EHLO mx.example.net\r\n").await;
        assert!(!client.read().await.contains("STARTTLS"));
        assert!(client.deliver("postmaster", "Subject: safe\r\n").await.starts_with("250"));
        running.stop().await;
    }
);

both!(
    async fn twenty_connections_lose_nothing(db: TestDb) {
        let world = World::new(db.database()).await;
        let running = Running::start(&world, settings()).await;
        let clients = (0..20).map(|client| {
            let connected = Client::raw(&running);
            async move {
                let mut session = connected.await;
                session.read().await;
                session.say("EHLO mx.example.net").await;
                for n in 0..10 {
                    let mail = format!("Subject: mail {client}.{n}\r\n\r\nhello\r\n");
                    assert!(session.deliver("postmaster", &mail).await.starts_with("250"));
                }
            }
        });
        futures_util::future::join_all(clients).await;
        assert_eq!(list(world.db.reader(), Filter::default(), None, 1_000).await.unwrap().len(), 200);
        running.stop().await;
    }
);

fn certificates() -> (ServerConfig, ClientConfig) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let certificate = made.cert.der().clone();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, client)
}
