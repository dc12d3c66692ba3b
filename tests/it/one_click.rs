//! Leaving: RFC 8058's POST, and everything that must not be taken for it.

use std::time::{Duration, Instant};

use reqwest::Method;
use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, mail_to, mails_to, wait_until};

both!(
    async fn ten_posts_in_both_encodings_are_one_change(db: TestDb) {
        let (sink, eshot) = running(&db).await;
        let staff = Staff::of(&eshot).await;
        let letter = sent_to(&staff, &sink, "ada@example.com").await;
        let link = one_click(&letter);
        let before = events(&eshot, "ada@example.com");

        let mut posts = tokio::task::JoinSet::new();
        for n in 0..10 {
            let form = [("List-Unsubscribe", "One-Click")];
            let request = eshot.request(Method::POST, &link);
            let request = if n % 2 == 0 {
                request.form(&form)
            } else {
                request.multipart(reqwest::multipart::Form::new().text(form[0].0, form[0].1))
            };
            posts.spawn(async move { request.send().await.unwrap() });
        }
        while let Some(answer) = posts.join_next().await {
            let answer = answer.unwrap();
            assert_eq!(answer.status(), 200, "no redirect, no refusal");
            assert!(answer.headers().get("set-cookie").is_none());
        }
        assert_eq!(staff.standing("ada@example.com").await, ["offers unsubscribed"]);
        assert_eq!(events(&eshot, "ada@example.com"), before + 1, "one change, one event");
    }
);

both!(
    async fn looking_at_every_link_a_thousand_times_changes_nothing(db: TestDb) {
        let (sink, eshot) = running(&db).await;
        let staff = Staff::of(&eshot).await;
        tests::sign_up(&eshot, "new@example.com", &["Events"]).await;
        let confirm = mail_to(&sink, "new@example.com", 1).await.link("/confirm/");
        let letter = sent_to(&staff, &sink, "ada@example.com").await;
        let mut links = letter.links();
        links.extend([confirm, one_click(&letter)]);
        links.sort();
        links.dedup();
        assert!(links.len() >= 4, "{links:?}");

        for round in 0..1000 / links.len() + 1 {
            for link in &links {
                let request = match round % 3 {
                    0 => eshot.request(Method::GET, link),
                    1 => eshot.request(Method::HEAD, link),
                    _ => {
                        eshot.request(Method::GET, link).header("Sec-Purpose", "prefetch").header("Purpose", "prefetch")
                    }
                };
                assert_eq!(request.send().await.unwrap().status(), 200, "{link}");
            }
        }
        assert_eq!(staff.standing("ada@example.com").await, ["offers confirmed"]);
        assert_eq!(staff.standing("new@example.com").await, ["events pending"]);
    }
);

both!(
    async fn a_stranger_with_a_forwarded_mail_gets_at_no_data(db: TestDb) {
        let (sink, eshot) = running(&db).await;
        let staff = Staff::of(&eshot).await;
        let letter = sent_to(&staff, &sink, "ada@example.com").await;
        for link in letter.links() {
            let page = eshot.get(&link).await.text().await.unwrap();
            for secret in ["ada@example.com", "Sam Sample", "Sample Road"] {
                assert!(!page.contains(secret), "{link} shows {secret}");
            }
        }
        let view = eshot.get(&letter.link("/view/")).await.text().await.unwrap();
        for path in ["/u/", "/p/"] {
            let token = letter.link(path).rsplit('/').next().unwrap().to_owned();
            assert!(!view.contains(&token), "the page in the browser hands out {path}");
        }
        let mails = mails_to(&sink, "ada@example.com").len();
        eshot.post(&letter.link("/p/"), &[("act", "access")]).await;
        let access = mail_to(&sink, "ada@example.com", mails + 1).await;
        assert!(access.text.contains("/access/"), "what a stranger asks for is mailed to the person: {}", access.text);
    }
);

both!(
    async fn a_forged_token_one_of_another_purpose_and_a_retired_key_open_nothing(db: TestDb) {
        let (sink, eshot) = running(&db).await;
        let staff = Staff::of(&eshot).await;
        let letter = sent_to(&staff, &sink, "ada@example.com").await;
        let one_click = one_click(&letter);
        let token = one_click.rsplit('/').next().unwrap();
        let flipped = flip(token);
        let preferences = letter.link("/p/").rsplit('/').next().unwrap().to_owned();
        let person = links::Links::new(&testkit::keys()).read_unsubscribe(token).unwrap();
        let retired: domain::MasterKeys = "9:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap();
        let site = links::Site::new("https://news.example.test".parse().unwrap(), "bounce.example.test").unwrap();
        let under_retired = links::Links::new(&retired).unsubscribe_url(&site, person).to_string();

        let links = [format!("/u/{flipped}"), format!("/u/{preferences}"), under_retired];
        for link in links {
            let answer = eshot.post(&link, &[("List-Unsubscribe", "One-Click")]).await;
            assert!(answer.status().is_client_error(), "{link}: {}", answer.status());
        }
        assert_eq!(staff.standing("ada@example.com").await, ["offers confirmed"]);
    }
);

both!(
    async fn whoever_leaves_in_the_middle_of_a_campaign_gets_no_mail_five_seconds_later(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "limits.relay = \"20/s\"");
        let staff = Staff::of(&eshot).await;
        staff.enrol((0..300).map(|n| format!("person{n:03}@example.com")), "offers").await;
        let first = staff.send("offers", "First").await;
        wait_until("some mails", async || sink.count() >= 40).await;

        // Everybody who has the mail leaves; then those who do not have it yet, by links written with the same keys.
        let links = links::Links::new(&testkit::keys());
        let site = links::Site::new("https://news.example.test".parse().unwrap(), "bounce.example.test").unwrap();
        let topic = links
            .read_unsubscribe(one_click(&Letter::read(&sink.messages()[0])).rsplit('/').next().unwrap())
            .unwrap()
            .topic;
        let last = staff.person("person299@example.com").await["id"].as_str().unwrap().parse().unwrap();
        let link = links.unsubscribe_url(&site, links::Person { subscriber: last, topic }).to_string();
        assert_eq!(mails_to(&sink, "person299@example.com").len(), 0, "the last one is not served yet");
        let left = Instant::now();
        assert_eq!(eshot.post(&link, &[("List-Unsubscribe", "One-Click")]).await.status(), 200);

        staff.finished(&first).await;
        for mail in mails_to(&sink, "person299@example.com") {
            assert!(mail.at < left + Duration::from_secs(5), "a mail {:?} after leaving", mail.at - left);
        }
        let report = staff.report(&first).await;
        assert_eq!(report["submission"]["skipped"], 1, "{report}");
    }
);

#[test]
fn one_click_answers_within_a_second_while_a_hundred_thousand_are_launched_on_sqlite() {
    testkit::run(async {
        let db = TestDb::sqlite().await;
        let (sink, eshot) = running(&db).await;
        let staff = Staff::of(&eshot).await;
        staff.enrol((0..100).map(|n| format!("leaver{n}@example.com")), "offers").await;
        let first = staff.send("offers", "To the leavers").await;
        staff.finished(&first).await;
        let leavers: Vec<String> = sink.messages().iter().map(|mail| one_click(&Letter::read(mail))).collect();
        import(&eshot, 100_000);

        let second = staff.send("offers", "To everybody").await;
        wait_until("the launch", async || staff.report(&second).await["status"] == "launching").await;
        let (mut took, mut meanwhile) = (Vec::new(), 0);
        for link in leavers.iter().filter(|link| link.contains("/u/")) {
            let asked = Instant::now();
            let answer = eshot.post(link, &[("List-Unsubscribe", "One-Click")]).await;
            took.push(asked.elapsed());
            assert_eq!(answer.status(), 200);
            if took.len() % 10 == 0 && staff.report(&second).await["status"] == "launching" {
                meanwhile = took.len();
            }
        }
        // On a fast machine the launch may end before the last of them.
        assert!(meanwhile >= 20, "the launch was over after {meanwhile} posts");
        took.sort();
        let p99 = took[took.len() * 99 / 100 - 1];
        println!(
            "one-click while launching: median {:?}, p99 {p99:?} of {}, {meanwhile} of them before its end",
            took[took.len() / 2],
            took.len()
        );
        assert!(p99 < Duration::from_secs(1), "p99 was {p99:?}");
        staff.act(&second, "cancel").await;
    });
}

/// A list of people who agreed elsewhere, brought in by the command.
fn import(eshot: &Eshot, count: usize) {
    let file = eshot.installation().folder().join("people.csv");
    let rows: String = (0..count).map(|n| format!("crowd{n}@example.net,Crowd {n}\n")).collect();
    std::fs::write(&file, format!("email,name\n{rows}")).unwrap();
    let file = file.display().to_string();
    let words = ["--brand", "example", "--topic", "offers", "--basis", "consent", "--stated", "signed at the fair"];
    eshot.installation().run(&[&["subscriber", "import", &file], &words[..]].concat());
}

async fn running(db: &TestDb) -> (SmtpSink, Eshot) {
    let sink = SmtpSink::start().await;
    let eshot = Eshot::start(db, sink.address(), "");
    (sink, eshot)
}

/// A campaign's mail to a person who is on file for it.
async fn sent_to(staff: &Staff<'_>, sink: &SmtpSink, email: &str) -> Letter {
    staff.enrol([email.to_owned()], "offers").await;
    let campaign = staff.send("offers", "Autumn offer").await;
    staff.finished(&campaign).await;
    mail_to(sink, email, 1).await
}

/// The https link of List-Unsubscribe.
fn one_click(letter: &Letter) -> String {
    let header = letter.header("List-Unsubscribe").unwrap();
    header.split(['<', '>']).find(|part| part.starts_with("https://")).unwrap().to_owned()
}

/// The token with one character changed.
fn flip(token: &str) -> String {
    let last = if token.ends_with('a') { 'b' } else { 'a' };
    format!("{}{last}", &token[..token.len() - 1])
}

/// How many entries the ledger has for a person.
fn events(eshot: &Eshot, email: &str) -> usize {
    eshot.installation().run(&["consent", "show", email]).lines().filter(|line| line.contains(" UTC  ")).count()
}
