//! What arrives through a real Postfix bears signatures that others verify.

use brands::key;
use serde_json::{Value, json};
use testkit::smtp::SmtpSink;
use testkit::verifier::VERIFIERS;
use testkit::{TestDb, both, keys};
use tests::{Eshot, Postfix, Route, Staff, subscribe, wait_until};

/// People of all sorts: what they are called, and where they live.
fn people() -> Vec<Value> {
    let long = "Wolfeschlegelsteinhausenbergerdorff ".repeat(5);
    let names = [
        "Ada Lovelace",
        "Jürgen Größe-Äußerlich",
        "Ελένη Παπαδοπούλου",
        "Наталья Щербакова",
        "山田太郎",
        "👩🏽‍🚀 Åsa 🎉",
        "محمد عبد الله",
        ".",
        "..",
        ".dotted Name",
        "From here",
        "",
        "O'Neill & Sons <b>bold</b> \"quoted\"",
        "=?utf-8?q?not_encoded?=",
        "a=3D b=\u{a0}c",
        long.trim(),
    ];
    let places = [("", ""), ("..", ".\u{e4}."), ("Straße der Pariser Kommune 1 – 3", "Würzburg 🏰")];
    let pairs = names.iter().flat_map(|name| places.iter().map(move |place| (*name, *place)));
    let profile = |(name, (street, city)): (&str, (&str, &str))| {
        let (name, company, address) = (some(name), some(city), some(street));
        json!({ "name": name, "company": company, "postal_address": address })
    };
    pairs.map(profile).collect()
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// With the people's own words at the beginning of a line, alone in it, and in the subject.
const LETTER: &str = "<mjml><mj-body><mj-section><mj-column>\
    <mj-text>{{fallback name \".\"}}</mj-text><mj-text>{{company}}<br/>{{company}}.<br/>.<br/>..<br/>From {{company}}</mj-text>\
    <mj-text>.{{fallback first_name \"\"}} Schöne Grüße, dear {{name}}: our \u{201e}Neuheiten\u{201c} are here 🍂.</mj-text>\
    </mj-column></mj-section></mj-body></mjml>";

both!(
    async fn every_mail_that_arrives_through_postfix_bears_two_signatures_that_verify(db: TestDb) {
        let sink = SmtpSink::start().await;
        let postfix = match Postfix::start(&[Route { domain: "example.com", server: sink.address() }]) {
            Ok(postfix) => postfix,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let eshot = Eshot::start(&db, postfix.address(), "");
        eshot.installation().run(&["key", "new", "--domain", "example.test"]);
        let staff = Staff::of(&eshot).await;
        subscribe(&eshot, &sink, "ada@example.com", &["Offers"]).await;
        let people = people();
        let topic = staff.topic("offers").await;
        for (number, profile) in people.iter().enumerate() {
            staff.enrol_as(&format!("person{number}@example.com"), &topic, profile).await;
        }
        let campaign = staff.draft_of("offers", "Für {{fallback name \"Sie\"}}: 🍂 Herbst", LETTER).await;
        staff.schedule(&campaign).await;
        staff.finished(&campaign).await;
        // Ada's confirmation and welcome are among them.
        let mails = people.len() + 3;
        wait_until("every mail", async || sink.count() >= mails).await;

        let signing = key::active(db.database().reader(), &keys(), "example.test").await.unwrap();
        assert_eq!(signing.len(), 2);
        let records: Vec<_> = signing.iter().map(|key| key.info.dns_record()).map(|at| (at.name, at.value)).collect();
        let raw: Vec<Vec<u8>> = sink.messages().into_iter().map(|mail| mail.raw).collect();
        for verifier in VERIFIERS {
            let Some(said) = verifier.verify(&raw, &records) else { continue };
            assert_eq!(said.len(), mails, "{}", verifier.name());
            for (said, raw) in said.iter().zip(&raw) {
                assert_eq!(*said, verifier.expected("pass"), "{}:\n{}", verifier.name(), String::from_utf8_lossy(raw));
            }
        }
    }
);
