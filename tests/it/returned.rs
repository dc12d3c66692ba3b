//! What comes back, through a real Postfix.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement};
use testkit::dns::Zone;
use testkit::smtp::{Moment, Rule, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Policy, Postfix, Route, Staff, free_address, give_back, mail_to, mails_to, subscribe, wait_until};

both!(
    async fn a_genuine_report_from_postfix_suppresses_the_address_and_the_next_campaign_leaves_it_out(db: TestDb) {
        let sink = SmtpSink::start().await;
        sink.add(
            Rule::reply(Moment::Rcpt, "550 5.1.1 <gone@example.com>: Recipient address rejected: User unknown")
                .to("gone"),
        );
        let returns = free_address();
        let routes = [
            Route { domain: "example.com", server: sink.address() },
            Route { domain: "bounce.example.test", server: returns },
        ];
        let postfix = match Postfix::start(&routes) {
            Ok(postfix) => postfix,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let eshot = Eshot::start_with_returns(&db, postfix.address(), returns, "");
        let staff = Staff::of(&eshot).await;
        subscribe(&eshot, &sink, "ada@example.com", &["Offers"]).await;
        staff.enrol(["gone@example.com".to_owned()], "offers").await;

        let first = staff.send("offers", "First").await;
        staff.finished(&first).await;
        wait_until("the report to come back", async || staff.suppressions("gone@example.com").await == ["hard"]).await;
        let report = staff.report(&first).await;
        assert_eq!(report["submission"]["sent"], 2, "the relay took both: {report}");
        assert_eq!(report["facts"]["bounced"], 1, "{report}");
        assert_eq!(report["sent_not_returned"], 1, "{report}");

        let second = staff.send("offers", "Second").await;
        assert_eq!(staff.finished(&second).await["audience"], 1);
        wait_until("the second mail", async || mails_to(&sink, "ada@example.com").len() == 4).await;
        assert_eq!(staff.suppressions("ada@example.com").await, [""; 0], "{}", postfix.log());
    }
);

both!(
    async fn postfix_hands_a_report_over_by_lmtp_at_a_port(db: TestDb) {
        let at = free_address();
        by_lmtp(&db, &at.to_string(), &format!("inet:{at}")).await;
    }
);

both!(
    async fn postfix_hands_a_report_over_by_lmtp_at_a_unix_socket(db: TestDb) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let at = format!("unix:{}", folder.path().join("lmtp").display());
        by_lmtp(&db, &at, &at).await;
    }
);

/// Somebody returns a mail to a Postfix that has the bounce domain, asks eshot about recipients, and hands over by LMTP.
async fn by_lmtp(db: &TestDb, listen: &str, transport: &str) {
    let sink = SmtpSink::start().await;
    // By SMTP nobody takes it.
    let nowhere = Route { domain: "bounce.example.test", server: free_address() };
    let asking = format!(
        "transport_maps = inline:{{ {{bounce.example.test = lmtp:{transport}}} }}\n\
         smtpd_recipient_restrictions = reject_unverified_recipient\n\
         unverified_recipient_reject_code = 550"
    );
    let postfix = match Postfix::start_with(&[nowhere], &asking) {
        Ok(postfix) => postfix,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let eshot = Eshot::start(db, sink.address(), &format!("feedback.lmtp = \"{listen}\""));
    let staff = Staff::of(&eshot).await;
    staff.enrol(["ada@example.com".to_owned()], "offers").await;
    staff.finished(&staff.send("offers", "First").await).await;
    let letter = mail_to(&sink, "ada@example.com", 1).await;

    let forged = letter.return_path.replacen("b-", "b-a", 1);
    let refused = give_back(postfix.address(), &forged, &letter.to).await;
    assert!(refused.starts_with("550"), "{refused}{}", postfix.log());
    let taken = give_back(postfix.address(), &letter.return_path, &letter.to).await;
    assert!(taken.starts_with("250"), "{taken}{}", postfix.log());
    wait_until("the report to count", async || staff.suppressions(&letter.to).await == ["hard"]).await;
    let kept = staff.get("/feedback?source=lmtp").await;
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}");
}

both!(
    async fn what_postfix_puts_off_goes_later_and_what_it_refuses_for_policy_suppresses_nobody(db: TestDb) {
        let sink = SmtpSink::start().await;
        let policy = Policy::start(&[
            ("grey@example.com", 1, "450 4.2.0 greylisted, try again in a few minutes"),
            ("blocked@example.com", usize::MAX, "550 5.7.1 message refused: our policy does not allow it"),
        ])
        .await;
        let routes = [Route { domain: "example.com", server: sink.address() }];
        let asking = format!("smtpd_recipient_restrictions = {}", policy.restriction());
        let postfix = match Postfix::start_with(&routes, &asking) {
            Ok(postfix) => postfix,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let eshot = Eshot::start(&db, postfix.address(), "");
        let staff = Staff::of(&eshot).await;
        staff.enrol(["well", "grey", "blocked"].map(|name| format!("{name}@example.com")), "offers").await;

        let campaign = staff.send("offers", "First").await;
        wait_until("each answer", async || {
            let submission = &staff.report(&campaign).await["submission"];
            ["sent", "deferred", "failed"].iter().all(|state| submission[state] == 1)
        })
        .await;
        wait_until("the mail that was taken", async || sink.count() == 1).await;
        eshot.advance(Duration::from_secs(60 * 60));
        let report = staff.finished(&campaign).await;
        assert_eq!(
            (&report["submission"]["sent"], &report["submission"]["failed"]),
            (&2.into(), &1.into()),
            "{report}"
        );
        wait_until("the mail that was put off", async || mails_to(&sink, "grey@example.com").len() == 1).await;
        assert_eq!((sink.count(), mails_to(&sink, "well@example.com").len()), (2, 1), "{}", postfix.log());
        for name in ["grey", "blocked"] {
            let suppressed = staff.suppressions(&format!("{name}@example.com")).await;
            assert_eq!(suppressed, [""; 0], "{name}: a refusal for policy is our problem, not theirs");
        }
        assert!(eshot.log().contains("smtp.code=550 rule=\"code.x.7.x\""), "{}", eshot.log());
    }
);

both!(
    async fn a_domain_that_two_days_find_gone_is_mailed_no_more(db: TestDb) {
        let sink = SmtpSink::start().await;
        sink.add(Rule::reply(Moment::Rcpt, "550 5.1.2 Host or domain name not found"));
        let zone =
            Zone::default().mx("here.example", 10, "mx.here.example").mx("bounce.example.test", 10, "mx.example.test");
        let name_server = zone.serve().await;
        let eshot = Eshot::start(&db, sink.address(), &format!("dns.nameserver = \"{name_server}\""));
        let staff = Staff::of(&eshot).await;
        staff.enrol(["ada@lapsed.example", "bob@here.example"].map(str::to_owned), "offers").await;
        let first = staff.send("offers", "First").await;
        assert_eq!(staff.finished(&first).await["submission"]["failed"], 2);

        // The first look leaves a note on the one and nothing on the other.
        let looks = "SELECT COUNT(domain_gone_at), COUNT(domain_look_at) FROM subscribers";
        let looks = Statement::from_string(db.database().backend(), looks);
        wait_until("the first look", async || {
            let row = db.database().reader().query_one_raw(looks.clone()).await.unwrap().unwrap();
            [0, 1].map(|at| row.try_get_by_index::<i64>(at).unwrap()) == [1, 1]
        })
        .await;
        assert_eq!(staff.suppressions("ada@lapsed.example").await, [""; 0]);
        eshot.advance(Duration::from_secs(24 * 60 * 60));
        wait_until("the second look", async || staff.suppressions("ada@lapsed.example").await == ["domain_gone"]).await;
        assert_eq!(staff.suppressions("bob@here.example").await, [""; 0]);
    }
);
