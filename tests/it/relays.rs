//! Two relays: one for everything, and one for when that takes no mail.

use std::time::Duration;

use testkit::http::{HttpAnswer, HttpSink};
use testkit::smtp::{Certificate, Script, SmtpSink};
use testkit::{TestDb, both};
use tests::{Eshot, Installation, Staff, wait_until};

both!(
    async fn a_campaign_goes_by_the_second_relay_while_the_first_is_down_and_the_next_by_the_first(db: TestDb) {
        let (mut first, second) = (SmtpSink::start().await, SmtpSink::start().await);
        let address = first.address();
        let relays = format!(
            "[relays.main]\nurl = \"smtp://{address}\"\ntls = \"none\"\nlimit = \"1000/s\"\n\
             [relays.backup]\nurl = \"smtp://{}\"\ntls = \"none\"\npriority = 2\nbrands = [\"example\", \"exemple\"]\n",
            second.address()
        );
        first.stop().await;
        let eshot = Eshot::start(&db, address, &relays);
        let staff = Staff::of(&eshot).await;
        staff.enrol((0..30).map(|number| format!("p{number}@example.com")), "offers").await;

        let campaign = staff.send("offers", "Autumn offer").await;
        assert_eq!(staff.finished(&campaign).await["submission"]["sent"], 30);
        assert_eq!(second.count(), 30);
        assert!(eshot.log().contains("the relay main takes no mail"), "{}", eshot.log());
        let checked = checked(&eshot);
        assert!(checked.contains(&format!("FAIL  relay connect  main ({address}): ")), "{checked}");
        assert!(checked.contains("what to do: see that relays.main.url is right"), "{checked}");
        assert!(checked.contains(&format!("ok    relay connect  backup ({}): offers ", second.address())), "{checked}");
        assert!(
            checked.contains("FAIL  relay brands  backup is for a brand \"exemple\" that there is not"),
            "{checked}"
        );
        assert!(!checked.contains("no relay is for the brand"), "{checked}");

        first = SmtpSink::bind(address, Script::default()).await;
        let mut sent = 30;
        wait_until("the first relay has mail again", async || {
            eshot.advance(Duration::from_secs(60));
            let campaign = staff.send("offers", "Winter offer").await;
            staff.finished(&campaign).await;
            sent += 30;
            first.count() > 0
        })
        .await;
        let (by_first, by_second) = (first.count(), second.count());
        assert_eq!(by_first + by_second, sent);
        staff.finished(&staff.send("offers", "Spring offer").await).await;
        assert_eq!((first.count() - by_first, second.count() - by_second), (30, 0));
        let metrics = eshot.get("/metrics").await.text().await.unwrap();
        for relay in ["main", "backup"] {
            assert!(metrics.contains(&format!("eshot_relay_up{{relay=\"{relay}\"}} 1")), "{metrics}");
        }
    }
);

both!(
    async fn a_mail_service_whose_certificate_nobody_trusts_fails_the_check_with_what_to_do(db: TestDb) {
        let mail = SmtpSink::start().await;
        let answer = HttpAnswer::new(200, r#"{"Name":"Acme","DeliveryType":"Live"}"#);
        let service = HttpSink::encrypted(answer, Certificate::Good).await;
        let relay = format!(
            "[relays.cloud]\nurl = \"postmark+https://{}\"\npassword = \"a-token-of-a-server\"\n",
            service.address()
        );
        let told = |more: &str| {
            let eshot = Installation::new(db.url(), mail.address(), &format!("{relay}{more}"));
            String::from_utf8(eshot.try_run(&["check"]).stdout).unwrap()
        };
        let untrusted = told("");
        let failed = format!("FAIL  relay tls     cloud ({}): ", service.address());
        assert!(untrusted.contains(&failed) && untrusted.contains("UnknownIssuer"), "{untrusted}");
        assert!(untrusted.contains("trusted by this machine or in the file relays.cloud.certificates"), "{untrusted}");
        assert!(service.requests().is_empty(), "nobody has had the token");

        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.pem");
        std::fs::write(&file, service.certificate().unwrap()).unwrap();
        let trusted = told(&format!("certificates = \"{}\"\n", file.display()));
        let verified = format!("ok    relay tls     cloud ({}): encrypted, certificate verified", service.address());
        assert!(trusted.contains(&verified), "{trusted}");
        assert!(trusted.contains("ok    relay auth"), "{trusted}");
    }
);

fn checked(eshot: &Eshot) -> String {
    String::from_utf8(eshot.installation().try_run(&["check"]).stdout).unwrap()
}
