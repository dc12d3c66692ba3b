//! Leaving: RFC 8058's POST, and everything that must not be taken for it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, import, mail_to, wait_until};

both!(
    async fn ten_posts_in_both_encodings_are_one_change(db: TestDb) {
        let (sink, eshot) = running(&db).await;
        let staff = Staff::of(&eshot).await;
        let letter = sent_to(&staff, &sink, "ada@example.com").await;
        let link = letter.one_click();
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
    async fn whoever_leaves_in_the_middle_of_a_campaign_gets_no_mail_five_seconds_later(db: TestDb) {
        const PEOPLE: usize = 300;
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "limits.relay = \"10/s\"");
        let staff = Staff::of(&eshot).await;
        let addresses: Vec<String> = (0..PEOPLE).map(|n| format!("person{n:03}@example.com")).collect();
        staff.enrol(addresses.clone(), "offers").await;
        let mut ids = BTreeMap::new();
        for address in &addresses {
            let id = staff.person(address).await["id"].as_str().unwrap().parse().unwrap();
            ids.insert(address.clone(), id);
        }
        let campaign = staff.send("offers", "First").await;
        wait_until("some mails", async || sink.count() >= 30).await;

        // Everybody who has the mail leaves by its link; then everybody else, by links written with the same keys.
        let mut leavers: Vec<(String, String)> = Vec::new();
        for mail in sink.messages() {
            let letter = Letter::read(&mail);
            leavers.push((letter.to.clone(), letter.one_click()));
            ids.remove(&letter.to);
        }
        let links = links::Links::new(&testkit::keys());
        let site = links::Site::new("https://news.example.test".parse().unwrap(), "bounce.example.test").unwrap();
        let topic = links.read_unsubscribe(leavers[0].1.rsplit('/').next().unwrap()).unwrap().topic;
        leavers.extend(ids.into_iter().map(|(address, subscriber)| {
            (address, links.unsubscribe_url(&site, links::Person { subscriber, topic }).to_string())
        }));
        let mut left = BTreeMap::new();
        for (address, link) in &leavers {
            left.insert(address.clone(), Instant::now());
            assert_eq!(eshot.post(link, &[("List-Unsubscribe", "One-Click")]).await.status(), 200);
        }
        assert_eq!(left.len(), PEOPLE);

        let report = staff.finished(&campaign).await;
        for mail in sink.messages() {
            let late = mail.at.saturating_duration_since(left[mail.recipient()]);
            assert!(late < Duration::from_secs(5), "{} had a mail {late:?} after leaving", mail.recipient());
        }
        let counts = ["sent", "skipped"].map(|state| report["submission"][state].as_u64().unwrap() as usize);
        assert_eq!(counts, [sink.count(), PEOPLE - sink.count()], "{report}");
        assert!(counts[1] > 0, "some left before their mail went: {report}");
    }
);

#[test]
fn one_click_answers_within_a_second_while_a_hundred_thousand_are_launched_on_sqlite() {
    testkit::run(async {
        let db = TestDb::sqlite().await;
        let (sink, eshot) = running(&db).await;
        let staff = Staff::of(&eshot).await;
        staff.enrol((0..400).map(|n| format!("leaver{n}@example.com")), "offers").await;
        let first = staff.send("offers", "To the leavers").await;
        staff.finished(&first).await;
        let leavers: Vec<String> = sink.messages().iter().map(|mail| Letter::read(mail).one_click()).collect();
        import(&eshot, (0..100_000).map(|n| format!("crowd{n}@example.net")));

        // A fast machine is soon through with a launch, so there are as many as it takes.
        let (mut took, mut leavers) = (Vec::new(), leavers.iter());
        while took.len() < 100 && leavers.len() > 0 {
            let campaign = staff.send("offers", "To everybody").await;
            let status = async || staff.report(&campaign).await["status"].clone();
            wait_until("the launch", async || status().await != "scheduled").await;
            let mut last = None;
            while status().await == "launching" {
                // A launch that is under way after an answer was under way before it: the last answer counts only then.
                took.extend(last.take());
                let Some(link) = leavers.next() else { break };
                let asked = Instant::now();
                let answer = eshot.post(link, &[("List-Unsubscribe", "One-Click")]).await;
                last = Some(asked.elapsed());
                assert_eq!(answer.status(), 200);
            }
            staff.act(&campaign, "cancel").await;
        }
        assert!(took.len() >= 100, "no more than {} answers fell within launches", took.len());
        took.sort();
        // Less than a hundredth of them took longer; of a hundred, none.
        let p99 = took[took.len() * 99 / 100];
        let (median, count) = (took[took.len() / 2], took.len());
        println!(
            "one-click while launching: median {median:?}, p99 {p99:?}, {:?} at most, of {count}",
            took[count - 1]
        );
        assert!(p99 < Duration::from_secs(1), "p99 was {p99:?} of {count}");
    });
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

/// How many entries the ledger has for a person.
fn events(eshot: &Eshot, email: &str) -> usize {
    eshot.installation().run(&["consent", "show", email]).lines().filter(|line| line.contains(" UTC  ")).count()
}
