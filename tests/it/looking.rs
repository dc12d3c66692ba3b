//! Programs fetch every link of a mail before its reader does. Nothing may follow from that.

use std::collections::{BTreeMap, BTreeSet};

use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, Tables, look, mail_to, sign_up, subscribe};

/// How often each link is looked at by each method.
const TIMES: usize = 1_000;

/// How browsers and scanners look: the method, and the headers that a browser adds when it fetches in advance.
const LOOKS: [(&str, &str); 3] =
    [("GET", ""), ("HEAD", ""), ("GET", "Sec-Purpose: prefetch;prerender\r\nPurpose: prefetch\r\n")];

both!(
    async fn looking_at_every_link_a_thousand_times_changes_no_row(db: TestDb) {
        let sink = SmtpSink::start().await;
        // Each link and method has a connection of its own.
        let eshot = Eshot::start(&db, sink.address(), "http.connections_per_client = 256");
        let staff = Staff::of(&eshot).await;
        subscribe(&eshot, &sink, "ada@example.com", &["Offers"]).await;
        sign_up(&eshot, "new@example.com", &["Events"]).await;
        mail_to(&sink, "new@example.com", 1).await;
        staff.finished(&staff.send("offers", "Autumn offer").await).await;
        let letter = mail_to(&sink, "ada@example.com", 3).await;
        eshot.post(&letter.link("/p/"), &[("act", "access")]).await;
        mail_to(&sink, "ada@example.com", 4).await;

        // The question to confirm, pressed and not; the welcome; the campaign; the way to one's own data.
        let links: BTreeSet<String> =
            sink.messages().iter().flat_map(|mail| Letter::read(mail).addresses()).map(|link| path_of(&link)).collect();
        for (path, count) in [("/confirm/", 2), ("/u/", 1), ("/p/", 1), ("/view/", 1), ("/access/", 1)] {
            let found = links.iter().filter(|link| link.starts_with(path)).count();
            assert_eq!(found, count, "{path} among {links:#?}");
        }
        let before = Tables::at_rest(&db).await;

        let mut looking = tokio::task::JoinSet::new();
        for link in links {
            for (method, headers) in LOOKS {
                let (server, link) = (eshot.http(), link.clone());
                looking.spawn(async move {
                    let answers = look(server, method, headers, &link, TIMES).await;
                    assert_eq!(answers, BTreeMap::from([(200, TIMES)]), "{method} {link} {headers}");
                });
            }
        }
        while let Some(looked) = looking.join_next().await {
            looked.unwrap();
        }
        assert_eq!(Tables::of(&db).await.changes(&before), [""; 0]);
    }
);

/// The path of a link of ours, with its query.
fn path_of(link: &str) -> String {
    link.strip_prefix("https://news.example.test").unwrap_or(link).to_owned()
}
