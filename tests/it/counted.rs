//! Openings and clicks, for who agreed and for nobody else: from the mailed link to the campaign's numbers.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, mail_to, subscribe, wait_until};

const MJML: &str = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello, see <a href=\"https://shop.example/offer?x=1\">the offer</a> or \
    <a href=\"https://shop.example/other\">another</a>.</mj-text></mj-column></mj-section></mj-body></mjml>";

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Agrees to be counted, as a person does: by the link that a footer has mailed to their own address.
async fn agree(eshot: &Eshot, sink: &SmtpSink, email: &str, letter: &Letter, mails: usize) {
    eshot.post(&letter.link("/p/"), &[("act", "access")]).await;
    let access = mail_to(sink, email, mails).await.link("/access/");
    let page = eshot.post(&access, &[("act", "open")]).await.text().await.unwrap();
    let pass = page.split("name=\"pass\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let page = eshot.post(&access, &[("act", "tracking-allow"), ("pass", pass)]).await;
    assert!(page.text().await.unwrap().contains("You have allowed"));
}

async fn follow(eshot: &Eshot, method: Method, link: &str) -> reqwest::Response {
    eshot.request(method, link).header("user-agent", FIREFOX).send().await.unwrap()
}

async fn engagement(staff: &Staff<'_>, campaign: &str) -> Value {
    staff.get(&format!("/campaigns/{campaign}/engagement")).await
}

fn src(letter: &Letter) -> Option<&str> {
    letter.html.split("<img src=\"").nth(1).and_then(|rest| rest.split('"').next())
}

/// A campaign to Ada, who agreed to be counted, and to Bob, who did not: Ada's mail, and the campaign.
async fn offered(eshot: &Eshot, sink: &SmtpSink) -> (Letter, String) {
    subscribe(eshot, sink, "ada@example.com", &["Offers"]).await;
    let welcome = mail_to(sink, "ada@example.com", 2).await;
    agree(eshot, sink, "ada@example.com", &welcome, 3).await;
    let staff = Staff::of(eshot).await;
    staff.enrol(["bob@example.com".to_owned()], "offers").await;
    let campaign = staff.draft_of("offers", "Autumn offer", MJML).await;
    staff.schedule(&campaign).await;
    staff.finished(&campaign).await;
    (mail_to(sink, "ada@example.com", 4).await, campaign)
}

both!(
    async fn who_agreed_is_counted_and_who_did_not_gets_plain_links(db: TestDb) {
        let sink = SmtpSink::start().await;
        let mut eshot = Eshot::start(&db, sink.address(), "");
        let (ada, campaign) = offered(&eshot, &sink).await;
        let bob = mail_to(&sink, "bob@example.com", 1).await;
        assert_eq!(src(&bob), None, "no picture for who did not agree");
        assert!(bob.html.contains("href=\"https://shop.example/offer?x=1\"") && !bob.html.contains("/c/"));
        let click = ada.link("/c/");
        let open = src(&ada).unwrap().to_owned();
        assert!(!ada.html.contains("https://shop.example/offer"), "{}", ada.html);

        eshot.advance(Duration::from_secs(3600));
        assert_eq!(follow(&eshot, Method::HEAD, &click).await.status(), StatusCode::FOUND);
        assert_eq!(follow(&eshot, Method::GET, &open).await.headers()["content-type"], "image/gif");
        let answer = follow(&eshot, Method::GET, &click).await;
        assert_eq!(answer.status(), StatusCode::FOUND);
        assert_eq!(answer.headers()["location"], "https://shop.example/offer?x=1");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
        // What was counted in this very moment outlives the end of the program.
        assert!(eshot.terminate().success());
        eshot.restart();
        let staff = Staff::of(&eshot).await;
        eshot.advance(Duration::from_secs(60));
        wait_until("the numbers", async || engagement(&staff, &campaign).await["clicks"]["human"] == 1).await;
        let numbers = engagement(&staff, &campaign).await;
        assert_eq!((&numbers["clicks"]["people"], &numbers["openings"]["people"]), (&1.into(), &1.into()), "{numbers}");
        let offer = &numbers["links"][0];
        assert_eq!(
            (&offer["url"], &offer["people"]),
            (&"https://shop.example/offer?x=1".into(), &1.into()),
            "{numbers}"
        );
        assert_eq!(numbers["links"][1]["human"], 0, "{numbers}");

        // Withdrawn, the link still leads there, and counts nothing.
        eshot.post(&ada.link("/p/"), &[("act", "tracking-stop")]).await;
        assert_eq!(follow(&eshot, Method::GET, &click).await.status(), StatusCode::FOUND);
        assert!(eshot.terminate().success());
        eshot.restart();
        eshot.advance(Duration::from_secs(60));
        wait_until("nothing to be left", async || {
            let sql = "SELECT COUNT(*) FROM hits WHERE judged_at IS NULL";
            count(&db, sql).await == 0
        })
        .await;
        let staff = Staff::of(&eshot).await;
        assert_eq!(engagement(&staff, &campaign).await["clicks"]["human"], 1);
    }
);

both!(
    async fn a_click_is_written_down_while_the_program_runs_and_outlives_a_kill(db: TestDb) {
        let sink = SmtpSink::start().await;
        let mut eshot = Eshot::start(&db, sink.address(), "");
        let (ada, campaign) = offered(&eshot, &sink).await;
        eshot.advance(Duration::from_secs(3600));
        for _ in 0..3 {
            assert_eq!(follow(&eshot, Method::GET, &ada.link("/c/")).await.status(), StatusCode::FOUND);
        }
        wait_until("the clicks to be written", async || count(&db, "SELECT COUNT(*) FROM hits").await == 3).await;
        eshot.kill();
        eshot.restart();
        eshot.advance(Duration::from_secs(60));
        let staff = Staff::of(&eshot).await;
        wait_until("the numbers", async || engagement(&staff, &campaign).await["clicks"]["human"] == 3).await;
        let numbers = engagement(&staff, &campaign).await;
        assert_eq!(numbers["clicks"]["people"], 1, "{numbers}");
    }
);

async fn count(db: &TestDb, sql: &str) -> i64 {
    let conn = db.database().reader();
    let row = conn.query_one_raw(Statement::from_string(conn.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
