//! A list that has gone bad stops its campaign, and staff hear of it.

use serde_json::Value;
use testkit::smtp::{Moment, Rule, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Letter, Staff, mails_to, wait_until};

/// Of every sixteen one is not there: past one in twenty, wherever one stops behind the sixty-fourth.
const PEOPLE: usize = 160;

both!(
    async fn a_campaign_whose_mailboxes_are_gone_is_paused_told_of_once_and_goes_on_when_staff_say_so(db: TestDb) {
        let sink = SmtpSink::start().await;
        sink.add(Rule::reply(Moment::Rcpt, "550 5.1.1 no such user here").to("gone*"));
        let eshot = Eshot::start(&db, sink.address(), "limits.relay = \"20/s\"");
        let staff = Staff::of(&eshot).await;
        let brand = staff.get("/brands").await["items"][0]["slug"].as_str().unwrap().to_owned();
        eshot.installation().run(&["brand", "alerts", &brand, "--to", "staff@example.net"]);
        let name = |n: usize| format!("{}{n}@example.com", if n.is_multiple_of(16) { "gone" } else { "person" });
        staff.enrol((1..=PEOPLE).map(name), "offers").await;

        let campaign = staff.send("offers", "Autumn offer").await;
        let show = async || staff.get(&format!("/campaigns/{campaign}")).await;
        wait_until("the campaign to be paused", async || show().await["status"] == "paused").await;
        let because = show().await["paused_because"].clone();
        assert_eq!(because["cause"], "hard_bounces", "{because}");
        let (count, of) = (because["share"]["count"].as_u64().unwrap(), because["share"]["of"].as_u64().unwrap());
        assert!(of >= 50 && count * 20 > of, "{because}");
        let paused = |alerts: &Value| {
            let alerts = alerts["items"].as_array().unwrap();
            alerts.iter().find(|alert| alert["level"] == "pause").cloned()
        };
        let alert = paused(&staff.get("/alerts").await).unwrap();
        assert_eq!((&alert["campaign"], &alert["share"]), (&Value::from(campaign.as_str()), &because["share"]));
        let listed = eshot.installation().run(&["alerts", "list"]);
        assert!(listed.contains(&format!("campaign {campaign}: hard_bounces  {count} of {of}")), "{listed}");
        wait_until("staff to be told", async || told(&sink) == 1).await;
        let report = staff.report(&campaign).await;
        assert!(report["submission"]["queued"].as_i64().unwrap() > 0, "there was something left to stop: {report}");

        sink.forgive();
        assert_eq!(staff.act(&campaign, "resume").await["paused_because"], Value::Null);
        assert!(paused(&staff.get("/alerts").await).is_none(), "it is over");
        let report = staff.finished(&campaign).await;
        let (sent, failed) = (&report["submission"]["sent"], &report["submission"]["failed"]);
        assert_eq!(sent.as_u64().unwrap() + failed.as_u64().unwrap(), PEOPLE as u64, "{report}");
        assert_eq!(told(&sink), 1, "staff are told once");
        let history = staff.get(&format!("/campaigns/{campaign}/history")).await;
        let pauses = history["items"].as_array().unwrap().iter().filter(|entry| entry["event"] == "pause");
        let pauses: Vec<&Value> = pauses.collect();
        assert_eq!((pauses.len(), &pauses[0]["actor"]), (1, &Value::from("rule:share.hard_bounces")));
    }
);

/// How many mails have told staff that the campaign is paused.
fn told(sink: &SmtpSink) -> usize {
    let mails = mails_to(sink, "staff@example.net");
    mails.iter().filter(|mail| Letter::read(mail).subject.ends_with("is paused")).count()
}
