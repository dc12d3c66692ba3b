//! Mail servers of others take a campaign and deliver it whole.

use brands::key;
use mail_parser::MessageParser;
use serde_json::json;
use testkit::verifier::VERIFIERS;
use testkit::{TestDb, both, keys};
use tests::{Eshot, MailServer, Make, Staff, wait_until};

/// What is hard to carry: letters beyond ASCII, lines that begin with a dot or look like a header, a line that has to be broken.
const LETTER: &str = "<mjml><mj-body><mj-section><mj-column>\
    <mj-text>.<br/>..<br/>From {{company}}: . Schöne Grüße, dear {{name}}, our \u{201e}Neuheiten\u{201c} are here 🍂.</mj-text>\
    </mj-column></mj-section></mj-body></mjml>";

const NAMES: [&str; 6] = [
    "Ada Lovelace",
    "Jürgen Größe-Äußerlich",
    "Ελένη Παπαδοπούλου",
    "山田太郎",
    "👩🏽‍🚀 Åsa 🎉",
    "O'Neill & Sons \"quoted\"",
];

/// How many people there are.
const PEOPLE: usize = 18;

/// Sends a campaign by one relay for each way in that the server has, and looks at what it has delivered.
async fn delivers_what_it_was_sent(db: &TestDb, make: Make) {
    let server = match MailServer::start(make) {
        Ok(server) => server,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let eshot = Eshot::start(db, server.ports().plain, &relays(&server, make));
    eshot.installation().run(&["key", "new", "--domain", "example.test"]);
    let staff = Staff::of(&eshot).await;
    let topic = staff.topic("offers").await;
    for number in 0..PEOPLE {
        let profile = json!({ "name": NAMES[number % NAMES.len()], "company": format!("Works {number}") });
        staff.enrol_as(&format!("person{number}@example.com"), &topic, &profile).await;
    }
    let campaign = staff.draft_of("offers", "Für {{name}}: 🍂 Herbst", LETTER).await;
    staff.schedule(&campaign).await;
    assert_eq!(staff.finished(&campaign).await["submission"]["sent"], PEOPLE, "{}", server.log());
    wait_until("every mail", async || server.mails().len() >= PEOPLE).await;

    // A mailbox keeps lines as this system does.
    let mails =
        server.mails().into_iter().map(|mail| String::from_utf8(mail).unwrap().replace('\n', "\r\n").into_bytes());
    let mut mails: Vec<Vec<u8>> = mails.collect();
    mails.sort_by_key(|mail| number(mail));
    for (at, mail) in mails.iter().enumerate() {
        let message = MessageParser::default().parse(mail).unwrap();
        let name = NAMES[at % NAMES.len()];
        assert_eq!(number(mail), at, "each person has one");
        assert_eq!(message.subject(), Some(format!("Für {name}: 🍂 Herbst").as_str()));
        assert_eq!(message.from().unwrap().first().unwrap().address(), Some("news@example.test"));
        assert!(message.header_raw("List-Unsubscribe-Post").is_some_and(|value| value.contains("One-Click")));
        let said = format!("From Works {at}: . Schöne Grüße, dear {name}, our \u{201e}Neuheiten\u{201c} are here 🍂.");
        let text = message.body_text(0).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&said), "{said}\n{text}");
        assert!(text.contains(". .. From"), "{text}");
    }
    bear_signatures_that_verify(db, &mails).await;
    let encrypted = mails.iter().filter(|mail| by(mail, "with esmtps ")).count();
    assert_eq!(encrypted, if make.speaks_tls() { PEOPLE * 2 / 3 } else { 0 }, "each relay has its share");
    assert_eq!(mails.iter().filter(|mail| by(mail, "with esmtp ")).count(), PEOPLE - encrypted);
}

/// A relay for each of its ports.
fn relays(server: &MailServer, make: Make) -> String {
    let (ports, certificate) = (server.ports(), server.certificate());
    let plain = format!("[relays.plain]\nurl = \"smtp://{}\"\ntls = \"none\"\nconnections = 2\n", ports.plain);
    if !make.speaks_tls() {
        return plain;
    }
    let certificate = certificate.display();
    format!(
        "{plain}\
         [relays.starttls]\nurl = \"smtp+starttls://{}\"\ncertificates = \"{certificate}\"\nconnections = 2\n\
         [relays.implicit]\nurl = \"smtps://{}\"\ncertificates = \"{certificate}\"\nconnections = 2\n",
        ports.starttls, ports.implicit
    )
}

/// Whose mail it is.
fn number(mail: &[u8]) -> usize {
    let message = MessageParser::default().parse(mail).unwrap();
    let to = message.to().unwrap().first().unwrap().address().unwrap();
    to.trim_start_matches("person").split('@').next().unwrap().parse().unwrap()
}

/// Whether the server says of a mail that it came so.
fn by(mail: &[u8], how: &str) -> bool {
    let head = String::from_utf8_lossy(mail);
    let head = head.split("\r\n\r\n").next().unwrap().replace("\r\n", " ").to_lowercase();
    head.contains(how)
}

async fn bear_signatures_that_verify(db: &TestDb, mails: &[Vec<u8>]) {
    let signing = key::active(db.database().reader(), &keys(), "example.test").await.unwrap();
    let records: Vec<_> = signing.iter().map(|key| key.info.dns_record()).map(|at| (at.name, at.value)).collect();
    for verifier in VERIFIERS {
        let Some(said) = verifier.verify(mails, &records) else { continue };
        assert_eq!(said.len(), mails.len(), "{}", verifier.name());
        for (said, mail) in said.iter().zip(mails) {
            assert_eq!(*said, verifier.expected("pass"), "{}:\n{}", verifier.name(), String::from_utf8_lossy(mail));
        }
    }
}

both!(
    async fn opensmtpd_delivers_what_it_was_sent(db: TestDb) {
        delivers_what_it_was_sent(&db, Make::OpenSmtpd).await;
    }
);

both!(
    async fn exim_delivers_what_it_was_sent_with_and_without_encryption(db: TestDb) {
        delivers_what_it_was_sent(&db, Make::Exim).await;
    }
);
