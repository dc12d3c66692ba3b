//! Whoever is forwarded a mail holds its links, and gets at nothing of the person whom it was sent to.

use std::collections::BTreeSet;

use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, Tables, mail_to, mails_to};

const ADDRESS: &str = "ada@example.com";

/// What `Staff::enrol` puts on file of a person.
const SECRETS: [&str; 5] = [ADDRESS, "Sam Sample", "Sample Works", "7946 0000", "Sample Road"];

both!(
    async fn a_stranger_with_a_forwarded_mail_gets_at_no_data(db: TestDb) {
        let (_sink, eshot, letter) = forwarded(&db).await;
        let staff = Staff::of(&eshot).await;
        let person = staff.person(ADDRESS).await.to_string();
        for secret in SECRETS {
            assert!(person.contains(secret), "{secret} is on file: {person}");
        }
        for link in letter.addresses() {
            shows_nothing(&link, eshot.get(&link).await).await;
        }
        let view = eshot.get(&letter.link("/view/")).await.text().await.unwrap();
        for path in ["/u/", "/p/"] {
            assert!(!view.contains(&token(&letter, path)), "the page in the browser hands out {path}");
        }
        // What a stranger may do, alas: leave, rest and come back in the person's stead. The answers tell nothing either.
        let topic = staff.topic("offers").await;
        for (path, fields) in [
            ("/p/", vec![("act", "pause"), ("days", "7")]),
            ("/p/", vec![("act", "leave"), ("topic", &topic)]),
            ("/p/", vec![("act", "undo"), ("undo", &topic)]),
            ("/p/", vec![("act", "leave-all")]),
            ("/p/", vec![("act", "undo"), ("undo", "all")]),
            ("/u/", vec![("act", "leave")]),
            ("/u/", vec![("act", "undo"), ("undo", "topic")]),
            ("/u/", vec![("act", "leave-all")]),
            ("/u/", vec![("List-Unsubscribe", "One-Click")]),
        ] {
            let answer = eshot.post(&letter.link(path), &fields).await;
            assert_eq!(answer.status(), 200, "{path} {fields:?}");
            shows_nothing(&format!("{path} {fields:?}"), answer).await;
        }
    }
);

both!(
    async fn a_footers_token_neither_joins_nor_exports_nor_erases(db: TestDb) {
        let (_sink, eshot, letter) = forwarded(&db).await;
        let topic = Staff::of(&eshot).await.topic("events").await;
        let tokens = ["/u/", "/p/", "/view/"].map(|path| token(&letter, path));
        let acts = [
            vec![("act", "join"), ("topic", topic.as_str())],
            vec![("act", "export")],
            vec![("act", "erase"), ("sure", "yes")],
            vec![("act", "change"), ("name", "Somebody Else")],
            vec![],
        ];
        let before = Tables::at_rest(&db).await;
        for fields in acts {
            for token in &tokens {
                for link in [format!("/access/{token}"), format!("/confirm/{token}"), letter.link("/p/")] {
                    // A page's own buttons carry their token in a field.
                    for pass in [None, Some(("pass", token.as_str()))] {
                        let fields: Vec<_> = fields.iter().copied().chain(pass).collect();
                        let answer = eshot.post(&link, &fields).await;
                        assert!(answer.status().is_client_error(), "{link} {fields:?}: {}", answer.status());
                        shows_nothing(&format!("{link} {fields:?}"), answer).await;
                    }
                }
            }
        }
        assert_eq!(Tables::of(&db).await.changes(&before), [""; 0]);

        // An unsubscribe link unsubscribes, whatever it is asked for, and does nothing else.
        let answer = eshot.post(&letter.link("/u/"), &[("act", "erase"), ("sure", "yes")]).await;
        shows_nothing("/u/", answer).await;
        let changes = Tables::at_rest(&db).await.changes(&before);
        let touched: BTreeSet<&str> = changes.iter().filter_map(|change| change.split(' ').next()).collect();
        assert_eq!(
            touched,
            BTreeSet::from(["consent_blocks", "consent_events", "fact_cursors", "facts", "subscriptions"]),
            "{changes:#?}"
        );
        assert_eq!(Staff::of(&eshot).await.standing(ADDRESS).await, ["offers unsubscribed"]);
    }
);

both!(
    async fn the_way_to_the_data_is_mailed_to_the_person_and_to_nobody_else(db: TestDb) {
        let (sink, eshot, letter) = forwarded(&db).await;
        let (mails, all) = (mails_to(&sink, ADDRESS).len(), sink.count());
        let answer = eshot.post(&letter.link("/p/"), &[("act", "access"), ("email", "stranger@example.org")]).await;
        let page = shows_nothing("/p/ access", answer).await;
        let access = mail_to(&sink, ADDRESS, mails + 1).await;
        assert!(!page.contains("/access/") && !page.contains(&token(&access, "/access/")), "{page}");
        assert_eq!(sink.count(), all + 1);
    }
);

/// A campaign's mail to a person of whom much is on file.
async fn forwarded(db: &TestDb) -> (SmtpSink, Eshot, Letter) {
    let sink = SmtpSink::start().await;
    let eshot = Eshot::start(db, sink.address(), "");
    let staff = Staff::of(&eshot).await;
    staff.enrol([ADDRESS.to_owned()], "offers").await;
    staff.finished(&staff.send("offers", "Autumn offer").await).await;
    let letter = mail_to(&sink, ADDRESS, 1).await;
    (sink, eshot, letter)
}

async fn shows_nothing(what: &str, answer: reqwest::Response) -> String {
    let page = answer.text().await.unwrap();
    for secret in SECRETS {
        assert!(!page.contains(secret), "{what} shows {secret}");
    }
    page
}

/// The token of a letter's link.
fn token(letter: &Letter, path: &str) -> String {
    letter.link(path).rsplit('/').next().unwrap().to_owned()
}
