//! A campaign, from schedule to relay, and what the relay may do to it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::smtp::{Moment, Rule, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, mail_to, mails_to, subscribe, wait_until};

both!(
    async fn a_campaign_reaches_its_topic_and_nobody_else(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        subscribe(&eshot, &sink, "ada@example.com", &["Offers"]).await;
        staff.enrol(people(20), "offers").await;
        staff.enrol(["events.only@example.com".to_owned()], "events").await;

        let report = staff.finished(&staff.send("offers", "Autumn offer").await).await;
        assert_eq!(report["audience"], 21);
        assert_eq!(report["submission"]["sent"], 21);
        assert_eq!(mails_to(&sink, "events.only@example.com").len(), 0);
        let metrics = eshot.get("/metrics").await.text().await.unwrap();
        assert!(metrics.contains("eshot_deliveries_total{outcome=\"sent\",provider=\"other\"}"), "{metrics}");

        let letter = mail_to(&sink, "ada@example.com", 3).await;
        assert_eq!(letter.subject, "Autumn offer");
        assert!(letter.text.contains("Hello Person,"), "{}", letter.text);
        assert!(letter.text.contains("1 Example Street"), "{}", letter.text);
        assert_eq!(letter.header("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
        let unsubscribe = letter.header("List-Unsubscribe").unwrap();
        assert!(
            unsubscribe.contains("<https://news.example.test/u/") && unsubscribe.contains("<mailto:unsub-"),
            "{unsubscribe}"
        );
        for header in ["List-Id", "Feedback-ID", "Message-ID", "Date", "To", "Precedence"] {
            assert!(letter.header(header).is_some(), "{header}");
        }
    }
);

both!(
    async fn every_kind_of_answer_ends_where_it_should(db: TestDb) {
        let sink = SmtpSink::start().await;
        let refuse = |who: &str, line: &str| sink.add(Rule::reply(Moment::Rcpt, line).to(who));
        refuse("gone", "550 5.1.1 no such user here");
        refuse("blocked", "550 5.7.1 message rejected due to policy");
        sink.add(Rule::reply(Moment::Rcpt, "450 4.2.0 greylisted, try again later").to("grey").times(1));
        sink.add(Rule::reply(Moment::Mail, "421 4.3.2 too busy").times(1));
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        let names = ["well", "gone", "blocked", "grey", "fine"];
        staff.enrol(names.map(|name| format!("{name}@example.com")), "offers").await;

        let campaign = staff.send("offers", "Autumn offer").await;
        wait_until("the first round", async || {
            let submission = &staff.report(&campaign).await["submission"];
            submission["queued"] == 0 && submission["submitting"] == 0 && submission["sent"].as_i64() >= Some(1)
        })
        .await;
        for _ in 0..60 {
            if staff.report(&campaign).await["status"] == "sent" {
                break;
            }
            eshot.advance(std::time::Duration::from_secs(3600));
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        let report = staff.finished(&campaign).await;
        adds_up(&report, 5);
        assert_eq!(report["submission"]["failed"], 2, "{report}");
        assert_eq!(report["submission"]["sent"], 3, "{report}");
        assert_eq!(staff.suppressions("gone@example.com").await, ["hard"]);
        assert_eq!(
            staff.suppressions("blocked@example.com").await,
            [""; 0],
            "a policy refusal is our problem, not theirs"
        );
        for (recipient, count) in sink.by_recipient() {
            assert_eq!(count, 1, "{recipient}");
        }
    }
);

both!(
    async fn a_relay_that_drops_the_connection_in_any_phase_doubles_nothing(db: TestDb) {
        let sink = SmtpSink::start().await;
        for (who, moment) in
            [("mail", Moment::Mail), ("rcpt", Moment::Rcpt), ("data", Moment::Data), ("body", Moment::Body)]
        {
            sink.add(Rule::drop(moment).to(who).times(1));
        }
        sink.add(Rule::drop(Moment::Connect).times(1));
        sink.add(Rule::drop(Moment::Dot).to("dot").times(1));
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        staff
            .enrol(["mail", "rcpt", "data", "body", "dot", "well"].map(|name| format!("{name}@example.com")), "offers")
            .await;

        let campaign = staff.send("offers", "Autumn offer").await;
        for _ in 0..60 {
            let submission = staff.report(&campaign).await["submission"].clone();
            if submission["sent"] == 4 && submission["in_doubt"] == 2 {
                break;
            }
            eshot.advance(std::time::Duration::from_secs(1800));
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        let report = staff.report(&campaign).await;
        adds_up(&report, 6);
        // A short body and the final dot leave in one write, so that a connection lost in either leaves the same doubt.
        assert_eq!(report["submission"]["in_doubt"], 2, "{report}");
        assert_eq!(report["submission"]["sent"], 4, "{report}");
        let counts: BTreeMap<String, usize> = sink.by_recipient();
        assert!(counts.values().all(|count| *count == 1), "{counts:?}");

        let doubtful = staff.get(&format!("/campaigns/{campaign}/deliveries?state=in_doubt")).await;
        for delivery in doubtful["items"].as_array().unwrap() {
            let id = delivery["id"].as_str().unwrap();
            staff.post(&format!("/deliveries/{id}/resend"), json!({})).await;
        }
        wait_until("the doubt to be sent again", async || mails_to(&sink, "dot@example.com").len() == 2).await;
        wait_until("the other one, too", async || mails_to(&sink, "body@example.com").len() == 1).await;
        let twice: Vec<Letter> = mails_to(&sink, "dot@example.com").iter().map(Letter::read).collect();
        assert_eq!(twice[0].header("Message-ID"), twice[1].header("Message-ID"), "a person who has both can tell");
    }
);

both!(
    async fn a_test_mails_links_work_and_change_nothing(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        staff.enrol(["ada@example.com".to_owned()], "offers").await;
        let campaign = staff.draft("offers", "Autumn offer").await;
        staff.post(&format!("/campaigns/{campaign}/test"), json!({ "to": "author@example.org" })).await;

        let letter = mail_to(&sink, "author@example.org", 1).await;
        for link in letter.links() {
            assert_eq!(eshot.get(&link).await.status(), 200, "{link}");
        }
        let left = eshot.post(&letter.link("/u/"), &[("List-Unsubscribe", "One-Click")]).await;
        assert_eq!(left.status(), 200);
        assert_eq!(staff.standing("ada@example.com").await, ["offers confirmed"]);
        assert_eq!(staff.report(&campaign).await["audience"], 0, "a test is no part of the campaign");
    }
);

both!(
    async fn a_paused_campaign_sends_nothing_until_it_is_resumed_and_a_cancelled_one_never_again(db: TestDb) {
        let sink = SmtpSink::start().await;
        let eshot = Eshot::start(&db, sink.address(), "limits.relay = \"20/s\"");
        let staff = Staff::of(&eshot).await;
        staff.enrol(people(80), "offers").await;
        let campaign = staff.send("offers", "Autumn offer").await;
        wait_until("the first mails", async || sink.count() >= 5).await;

        assert_eq!(staff.act(&campaign, "pause").await["status"], "paused");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let held = sink.count();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert_eq!(sink.count(), held, "nothing goes while it is paused");

        staff.act(&campaign, "resume").await;
        wait_until("more mails", async || sink.count() > held + 5).await;
        assert_eq!(staff.act(&campaign, "cancel").await["status"], "cancelled");
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let last = sink.count();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert_eq!(sink.count(), last, "nothing goes after it was cancelled");
        let report = staff.report(&campaign).await;
        adds_up(&report, 80);
    }
);

/// That every delivery is in exactly one state, and all of them are there.
fn adds_up(report: &Value, audience: i64) {
    let states = report["submission"].as_object().unwrap();
    assert_eq!(states.values().filter_map(Value::as_i64).sum::<i64>(), audience, "{report}");
    assert_eq!(report["audience"], audience, "{report}");
}

fn people(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|n| format!("person{n}@example.com"))
}
