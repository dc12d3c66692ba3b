//! What returns is believed by its token only: a forged one, one of another purpose and one under a key that is no longer
//! given leave a line in the log, and nothing else.

use std::net::SocketAddr;

use links::{Links, Site};
use reqwest::Method;
use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, Tables, mail_to, sign_up};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

const FORGED: &str = "its signature is not ours for this purpose";
const RETIRED: &str = "it was made under master key 9, which is not given";

both!(
    async fn a_link_that_is_not_believed_leaves_a_line_in_the_log_and_nothing_else(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let letter = sent(&eshot, &sink).await;
        sign_up(&eshot, "new@example.com", &["Events"]).await;
        let confirm = mail_to(&sink, "new@example.com", 1).await.link("/confirm/");
        eshot.post(&letter.link("/p/"), &[("act", "access")]).await;
        let access = mail_to(&sink, "ada@example.com", 2).await.link("/access/");
        let [unsubscribe, preferences, confirm, access, view] =
            [letter.one_click(), letter.link("/p/"), confirm, access, letter.link("/view/")].map(|link| token(&link));
        let (ours, retired, site) = (Links::new(&testkit::keys()), retired(), site());
        let person = ours.read_unsubscribe(&unsubscribe).unwrap();
        let no_more = [
            retired.unsubscribe_url(&site, person),
            retired.preferences_url(&site, person),
            retired.confirm_url(&site, ours.read_confirm(&confirm).unwrap()),
            retired.access_url(&site, ours.read_access(&access).unwrap()),
            retired.view_url(&site, ours.read_view(&view).unwrap()).unwrap(),
        ];
        let mut wrong: Vec<(String, &str)> = no_more.iter().map(|url| (url.path().to_owned(), RETIRED)).collect();
        for (path, genuine, other) in [
            ("u", &unsubscribe, Some(&preferences)),
            ("p", &preferences, Some(&unsubscribe)),
            ("confirm", &confirm, Some(&access)),
            ("access", &access, Some(&confirm)),
            ("view", &view, None),
        ] {
            wrong.extend(flipped(genuine).into_iter().map(|forged| (format!("/{path}/{forged}"), FORGED)));
            wrong.extend(other.map(|other| (format!("/{path}/{other}"), FORGED)));
        }

        let before = Tables::at_rest(&db).await;
        for (link, why) in &wrong {
            let shown = [Method::GET].into_iter().chain((!link.starts_with("/view/")).then_some(Method::POST));
            for method in shown {
                let logged = eshot.log().len();
                let form = [("List-Unsubscribe", "One-Click"), ("act", "erase"), ("sure", "yes")];
                let answer = eshot.request(method.clone(), link).form(&form).send().await.unwrap();
                assert_eq!(answer.status(), 404, "{method} {link}");
                let log = eshot.log();
                let lines = refusals(&log[logged..], "a link's token is refused");
                assert!(lines.len() == 1 && lines[0].contains(why), "{method} {link} for {why}: {lines:?}");
            }
        }
        assert_eq!(Tables::of(&db).await.changes(&before), [""; 0]);
        let genuine = eshot.post(&letter.one_click(), &[("List-Unsubscribe", "One-Click")]).await;
        assert_eq!(genuine.status(), 200, "what they were made from is believed");
        assert!(!Tables::of(&db).await.changes(&before).is_empty());
    }
);

both!(
    async fn a_recipient_that_is_not_believed_leaves_a_line_in_the_log_and_nothing_else(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let letter = sent(&eshot, &sink).await;
        let (ours, retired, site) = (Links::new(&testkit::keys()), retired(), site());
        let delivery = ours.read_return_path(&letter.return_path.parse().unwrap()).unwrap();
        let person = ours.read_unsubscribe(&token(&letter.one_click())).unwrap();
        let mailto = ours.unsubscribe_mailto(&site, person).unwrap().to_string();
        let message_id = ours.message_id(&site, delivery).unwrap();
        let message_id = message_id.trim_start_matches("m-").split('@').next().unwrap();

        let mut wrong = vec![
            (format!("b-{message_id}"), FORGED),
            (format!("b-{}", ours.envid(delivery).unwrap()), FORGED),
            (format!("unsub-{}", token(&letter.link("/p/"))), FORGED),
            (retired.return_path(&site, delivery).unwrap().to_string(), RETIRED),
            (retired.unsubscribe_mailto(&site, person).unwrap().to_string(), RETIRED),
        ];
        for genuine in [&letter.return_path, &mailto] {
            let (prefix, token) = genuine.split('@').next().unwrap().split_once('-').unwrap();
            wrong.extend(flipped(token).into_iter().map(|forged| (format!("{prefix}-{forged}"), FORGED)));
        }

        let before = Tables::at_rest(&db).await;
        for (recipient, why) in &wrong {
            let recipient = format!("{}@{}", recipient.split('@').next().unwrap(), site.bounce_domain());
            let logged = eshot.log().len();
            let [rcpt, data] = offer(eshot.returns(), &recipient).await;
            assert!(rcpt.starts_with("550 5.1.1") && data.starts_with("503"), "{recipient}: {rcpt}{data}");
            let log = eshot.log();
            let lines = refusals(&log[logged..], "mail for an address without a token of ours was refused");
            assert!(lines.len() == 1 && lines[0].contains(why), "{recipient} for {why}: {lines:?}");
        }
        assert_eq!(Tables::of(&db).await.changes(&before), [""; 0]);
        for genuine in [&letter.return_path, &mailto] {
            let [rcpt, data] = offer(eshot.returns(), genuine).await;
            assert!(rcpt.starts_with("250") && data.starts_with("354"), "{genuine}: {rcpt}{data}");
        }
    }
);

/// A campaign's mail to a person.
async fn sent(eshot: &Eshot, sink: &SmtpSink) -> Letter {
    let staff = Staff::of(eshot).await;
    staff.enrol(["ada@example.com".to_owned()], "offers").await;
    staff.finished(&staff.send("offers", "Autumn offer").await).await;
    mail_to(sink, "ada@example.com", 1).await
}

/// What the program would write under a key that it is not given any more.
fn retired() -> Links {
    let keys: domain::MasterKeys = "9:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap();
    Links::new(&keys)
}

fn site() -> Site {
    Site::new("https://news.example.test".parse().unwrap(), "bounce.example.test").unwrap()
}

fn token(link: &str) -> String {
    link.rsplit('/').next().unwrap().to_owned()
}

/// The token with one character changed: of what it says, and of its signature.
fn flipped(token: &str) -> [String; 2] {
    [1, token.len() - 5].map(|at| {
        let other = if token[at..].starts_with('a') { "b" } else { "a" };
        format!("{}{other}{}", &token[..at], &token[at + 1..])
    })
}

/// The warnings in what was logged that say this. Others have nothing to do with it.
fn refusals<'a>(log: &'a str, words: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(" WARN ") && line.contains(words)).collect()
}

/// What the server says to a recipient, and then to DATA.
async fn offer(server: SocketAddr, recipient: &str) -> [String; 2] {
    let mut stream = BufReader::new(tokio::net::TcpStream::connect(server).await.unwrap());
    let mut answers = vec![String::new()];
    stream.read_line(&mut answers[0]).await.unwrap();
    for command in ["HELO mx.example.org", "MAIL FROM:<>", &format!("RCPT TO:<{recipient}>"), "DATA"] {
        stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).await.unwrap();
        answers.push(answer);
    }
    let data = answers.pop().unwrap();
    [answers.pop().unwrap(), data]
}
