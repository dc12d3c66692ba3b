//! What a mail service tells over HTTP, to the real program.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use data_encoding::HEXLOWER;
use domain::{Clock, SystemClock};
use reqwest::Method;
use testkit::smtp::SmtpSink;
use testkit::{TestDb, both};
use tests::{Eshot, Staff, mail_to, mails_to, wait_until};

const SECRET: &str = "0123456789abcdef";

async fn post(eshot: &Eshot, name: &str, secret: &str, body: &str) -> (u16, String) {
    let time = SystemClock.now().timestamp();
    let mac = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), format!("{time}.{body}").as_bytes());
    let signature = format!("t={time},v1={}", HEXLOWER.encode(mac.as_ref()));
    let link = format!("https://news.example.test/webhooks/{name}");
    let request = eshot.request(Method::POST, &link).header("eshot-signature", signature).body(body.to_owned());
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

both!(
    async fn a_bounce_that_a_service_tells_suppresses_the_address_and_the_next_campaign_leaves_it_out(db: TestDb) {
        let sink = SmtpSink::start().await;
        let more = format!("[webhooks.relay]\nprovider = \"signed\"\nsecret = \"{SECRET}\"");
        let eshot = Eshot::start(&db, sink.address(), &more);
        let staff = Staff::of(&eshot).await;
        staff.enrol(["ada", "gone"].map(|name| format!("{name}@example.com")), "offers").await;
        let first = staff.send("offers", "First").await;
        staff.finished(&first).await;
        let message_id = mail_to(&sink, "gone@example.com", 1).await.header("Message-ID").unwrap();
        let event = serde_json::json!({ "events": [{
            "id": "e-1", "kind": "failed", "recipient": "gone@example.com", "message_id": message_id,
            "diagnostic": "550 5.1.1 no such user",
        }] });
        let body = event.to_string();

        assert_eq!(post(&eshot, "relay", "another secret!!", &body).await, (401, String::new()));
        assert_eq!(post(&eshot, "nobody", SECRET, &body).await, (401, String::new()));
        assert_eq!(staff.suppressions("gone@example.com").await, [""; 0]);
        for _ in 0..3 {
            assert_eq!(post(&eshot, "relay", SECRET, &body).await, (200, String::new()));
        }
        assert_eq!(staff.suppressions("gone@example.com").await, ["hard"]);
        let report = staff.report(&first).await;
        assert_eq!(report["facts"]["bounced"], 1, "{report}");

        let second = staff.send("offers", "Second").await;
        assert_eq!(staff.finished(&second).await["audience"], 1);
        wait_until("the second mail", async || mails_to(&sink, "ada@example.com").len() == 2).await;
        assert!(!eshot.log().contains("gone@example.com"), "{}", eshot.log());
    }
);
