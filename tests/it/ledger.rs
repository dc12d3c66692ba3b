//! What became of each mail of a campaign, and what staff has done about it once the relay is mended.

use serde_json::json;
use testkit::smtp::{Moment, Rule, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Staff, wait_until};

both!(
    async fn what_failed_and_what_is_in_doubt_goes_again_when_staff_says_so(db: TestDb) {
        let sink = SmtpSink::start().await;
        sink.add(Rule::reply(Moment::Rcpt, "550 5.1.1 no such user here").to("gone"));
        // One filter's verdict, and no words about what is in the mail: those would stop the campaign in the middle.
        sink.add(Rule::reply(Moment::Rcpt, "554 5.7.1 =spam message rejected, \"really\"").to("spam"));
        sink.add(Rule::drop(Moment::Dot).to("lost"));
        let eshot = Eshot::start(&db, sink.address(), "");
        let staff = Staff::of(&eshot).await;
        staff.enrol(["well", "gone", "spam", "lost"].map(|name| format!("{name}@example.com")), "offers").await;
        let campaign = staff.send("offers", "Autumn offer").await;
        let report = staff.finished(&campaign).await;
        let submission = &report["submission"];
        assert_eq!(
            [&submission["sent"], &submission["failed"], &submission["in_doubt"]],
            [&json!(1), &json!(2), &json!(1)]
        );

        let table = eshot.installation().run(&["deliveries", "export", &campaign, "--state", "failed"]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3, "{table}");
        assert!(
            lines.iter().any(|line| line.contains(",content,554,\"'=spam message rejected, \"\"really\"\"\"")),
            "{table}"
        );
        let csv = eshot.api(reqwest::Method::GET, &format!("/campaigns/{campaign}/deliveries/export?state=failed"));
        assert_eq!(csv.send().await.unwrap().text().await.unwrap(), table);
        let listed = eshot.installation().run(&["deliveries", "list", &campaign, "--state", "in_doubt"]);
        assert!(listed.contains("in_doubt  lost@example.com"), "{listed}");

        sink.forgive();
        let retried = eshot.installation().run(&["deliveries", "retry", &campaign]);
        assert!(retried.contains("1 is tried again") && retried.contains("1 left as they are"), "{retried}");
        wait_until("the mail that failed", async || sink.by_recipient().contains_key("spam@example.com")).await;
        let resent = staff.post(&format!("/campaigns/{campaign}/deliveries/resend"), json!({})).await;
        assert_eq!(resent["changed"], 1, "{resent}");
        wait_until("the mail in doubt", async || staff.report(&campaign).await["submission"]["sent"] == 3).await;
        let report = staff.finished(&campaign).await;
        assert_eq!((&report["audience"], &report["submission"]["failed"]), (&json!(4), &json!(1)), "{report}");
        let again = eshot.installation().run(&["deliveries", "retry", &campaign]);
        assert!(again.contains("0 are tried again"), "{again}");
        for (recipient, count) in sink.by_recipient() {
            // The relay had taken the one whose answer was lost, and staff chose to send it once more.
            let expected = if recipient == "lost@example.com" { 2 } else { 1 };
            assert_eq!(count, expected, "{recipient}");
        }
    }
);
