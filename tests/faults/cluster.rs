//! Several instances with a role each, on one PostgreSQL. SQLite takes one server.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use testkit::TestDb;
use testkit::smtp::{Hold, Moment, Rule, SmtpSink};
use tests::{Eshot, Staff, wait_until};

use crate::audit::{Audience, CONNECTIONS, campaign, settled_by};

/// As `SETTINGS`, with a shorter lease and a part of the work.
fn with_roles(roles: &str) -> String {
    format!(
        "limits.relay = \"60/s\"\nsender.lease = \"3s\"\nrelay.connections = 4\nserve.drain = \"2s\"\nserve.roles = [{roles}]\n"
    )
}

/// Long enough for whoever serves a role to have done something.
const A_WHILE: Duration = Duration::from_secs(1);

#[test]
fn of_three_senders_one_is_killed_and_one_frozen_past_its_lease_and_everybody_gets_one_mail() {
    on_postgresql(async |db| {
        let sink = SmtpSink::start().await;
        let house = Eshot::start(db, sink.address(), &with_roles(r#""web", "scheduler""#));
        let sender = || house.join(db, sink.address(), &with_roles(r#""sender""#));
        let frozen = sender();
        let id = campaign(&house, 600).await;
        wait_until("a part of the campaign", async || sink.count() >= 60).await;
        // Each of its connections waits for an answer when it is frozen.
        let hold = Hold::default();
        sink.add(Rule::hold(Moment::Dot, &hold).times(4));
        let held = standstill(&sink).await;
        frozen.freeze();
        let (other, mut killed) = (sender(), sender());
        wait_until("the others to go on", async || sink.count() >= held + 150).await;
        killed.kill();
        let staff = Staff::of(&house).await;
        let in_doubt = async || staff.report(&id).await["submission"]["in_doubt"].as_i64().unwrap();
        wait_until("the frozen one's to be in doubt", async || in_doubt().await >= CONNECTIONS).await;
        hold.let_go();
        frozen.thaw();

        let report = settled_by(&[&house, &frozen, &other], &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        audience.nobody_missing(600);
        assert!(audience.in_doubt() <= CONNECTIONS, "what the killed one had: {report}");
        for mail in &sink.messages()[held - 4..held] {
            let delivery = delivery_to(&staff, &id, mail.recipient()).await;
            assert_eq!(
                (&delivery["state"], &delivery["tried"][0]["late"]),
                (&"sent".into(), &true.into()),
                "{delivery}"
            );
            assert_eq!(delivery["attempts"], 1, "{delivery}");
        }
    });
}

#[test]
fn one_after_another_is_ended_and_started_anew_and_nothing_is_lost_or_in_doubt() {
    on_postgresql(async |db| {
        let sink = SmtpSink::start().await;
        let mut house = Eshot::start(db, sink.address(), &with_roles(r#""web", "scheduler""#));
        let mut senders = [0, 1].map(|_| house.join(db, sink.address(), &with_roles(r#""sender""#)));
        let id = campaign(&house, 500).await;
        wait_until("a part of the campaign", async || sink.count() >= 60).await;
        for at in 0..3 {
            let instance = senders.get_mut(at).unwrap_or(&mut house);
            assert!(instance.terminate().success());
            instance.restart();
            let before = sink.count();
            wait_until("more of the campaign", async || sink.count() >= before + 60).await;
        }
        assert!(sink.count() < 500, "the last was ended after the end");
        let report = settled_by(&[&house, &senders[0], &senders[1]], &id).await;
        let audience = Audience::of(&report, &sink);
        audience.nobody_twice();
        assert_eq!(report["submission"]["sent"], 500, "{report}");
        assert_eq!(sink.by_recipient().len(), 500);
    });
}

#[test]
fn what_an_instance_has_no_role_for_waits_for_one_that_has() {
    on_postgresql(async |db| {
        let sink = SmtpSink::start().await;
        let web = Eshot::start(db, sink.address(), &with_roles(r#""web""#));
        let staff = Staff::of(&web).await;
        let id = campaign(&web, 20).await;
        tokio::time::sleep(A_WHILE).await;
        assert_eq!(staff.report(&id).await["status"], "scheduled");
        assert!(TcpStream::connect(web.returns()).is_err(), "it takes no returned mail");

        let scheduler = web.join(db, sink.address(), &with_roles(r#""scheduler""#));
        wait_until("the launch", async || staff.report(&id).await["status"] == "sending").await;
        tokio::time::sleep(A_WHILE).await;
        assert_eq!((staff.report(&id).await["submission"]["queued"].as_i64(), sink.count()), (Some(20), 0));

        let sender = web.join(db, sink.address(), &with_roles(r#""sender""#));
        assert_eq!(staff.finished(&id).await["submission"]["sent"], 20);
        for silent in [&scheduler, &sender] {
            assert!(TcpStream::connect(silent.http()).is_err() && TcpStream::connect(silent.returns()).is_err());
        }
        let feedback = web.join(db, sink.address(), &with_roles(r#""feedback""#));
        assert!(TcpStream::connect(feedback.returns()).is_ok() && TcpStream::connect(feedback.http()).is_err());
    });
}

fn on_postgresql(walk: impl AsyncFnOnce(&TestDb)) {
    testkit::run(async {
        match TestDb::postgres().await {
            Some(db) => walk(&db).await,
            None => eprintln!("skipped: ESHOT_TEST_POSTGRES names no server"),
        }
    });
}

/// Waits until the relay takes nothing more, and says how many it had by then.
async fn standstill(sink: &SmtpSink) -> usize {
    let mut counts = [0; 6];
    wait_until("a standstill", async || {
        counts.rotate_left(1);
        counts[5] = sink.count();
        counts[0] == counts[5]
    })
    .await;
    counts[5]
}

/// A campaign's delivery to a person, with its attempts.
async fn delivery_to(staff: &Staff<'_>, campaign: &str, email: &str) -> Value {
    let person = staff.person(email).await["id"].clone();
    let mut page = staff.get(&format!("/campaigns/{campaign}/deliveries")).await;
    loop {
        if let Some(found) = page["items"].as_array().unwrap().iter().find(|delivery| delivery["subscriber"] == person)
        {
            return staff.get(&format!("/deliveries/{}", found["id"].as_str().unwrap())).await;
        }
        let next = page["next"].as_str().unwrap_or_else(|| panic!("there is no delivery to {email}"));
        page = staff.get(&format!("/campaigns/{campaign}/deliveries?after={next}")).await;
    }
}
