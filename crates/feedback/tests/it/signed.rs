//! Complaints without a token, and what their providers' signatures prove.

use std::net::SocketAddr;

use activity::Kind;
use chrono::TimeDelta;
use data_encoding::BASE64;
use dns::{Resolver, Settings};
use domain::{EmailAddress, ReturnedMailId, SubscriberId};
use feedback::{Effect, Filter, Kept, Processed, Standing, find, list, look_at_signatures, release, settle_signatures};
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use subscribers::suppression::{Reason, active_for_subscriber};
use testkit::dns::Zone;
use testkit::{TestDb, both, start_of_time};

use crate::people::subscribed;
use crate::release::STAFF;
use crate::world::{World, address};

const UNPROVED: &str = "a complaint without a token of ours or a signature of its provider";

/// Yahoo's report about a mail of the brand to somebody there, with nothing in it that is a token of ours.
fn report(from: &str, about: &str) -> String {
    format!(
        "From: Feedback <{from}>\r\nTo: fbl@bounce.example.com\r\nSubject: FW: offers\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThis is an email abuse report.\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: test/1\r\nVersion: 0.1\r\n\
         Original-Rcpt-To: {about}\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: Example Shop <news@example.com>\r\nSubject: offers\r\n\r\nHello\r\n--b--\r\n"
    )
}

/// A key, and the mail with its signature in front.
struct Signer(Ed25519Key);

impl Signer {
    fn new() -> Self {
        Self(Ed25519Key::from_pkcs8_der(&Ed25519Key::generate_pkcs8().unwrap()).unwrap())
    }

    fn record(&self) -> String {
        format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(&self.0.public_key()))
    }

    fn sign(self, domain: &str, headers: &[&str], mail: &str) -> String {
        let signer = DkimSigner::from_key(self.0).domain(domain).selector("s").headers(headers.iter().copied());
        format!("{}{mail}", signer.sign(mail.as_bytes()).unwrap().to_header())
    }
}

const WHOLE: &[&str] = &["From", "Subject", "Content-Type"];
const YAHOO: &str = "feedback@arf.mail.yahoo.com";

/// A complaint comes, and the signature is looked at with this key in the DNS.
struct Loops<'a> {
    world: World<'a>,
    ada: SubscriberId,
}

impl<'a> Loops<'a> {
    async fn new(db: &'a TestDb) -> Self {
        let world = World::new(db.database()).await;
        let txn = world.db.begin().await.unwrap();
        subscribers::seed::first_brand(&txn, world.brand, &domain::Actor::Operator, start_of_time()).await.unwrap();
        txn.commit().await.unwrap();
        let ada = subscribed(&world, "ada@yahoo.com").await;
        Self { world, ada }
    }

    async fn comes(&self, mail: &str) -> ReturnedMailId {
        let to: EmailAddress = address("fbl@bounce.example.com");
        let done = self.world.process(&to, mail).await;
        let Processed::Kept { id, standing } = done else { panic!("{done:?}") };
        assert_eq!(standing, Standing::ToLookAt);
        id
    }

    async fn looked(&self, nameserver: SocketAddr, after: TimeDelta) {
        let settings = Settings { nameserver: Some(nameserver), timeout: std::time::Duration::from_millis(500) };
        let (resolver, now) = (Resolver::new(&settings).unwrap(), start_of_time() + after);
        let looked = look_at_signatures(self.world.db, &resolver, now).await.unwrap();
        let lease = testkit::scheduler(self.world.db, now).await;
        settle_signatures(self.world.db, &lease, looked, now).await.unwrap();
    }

    async fn kept(&self, id: ReturnedMailId) -> Kept {
        find(self.world.db.reader(), id).await.unwrap().unwrap()
    }

    async fn suppressed(&self) -> Vec<Reason> {
        let standing = active_for_subscriber(self.world.db.reader(), self.ada).await.unwrap();
        standing.into_iter().map(|entry| entry.reason).collect()
    }
}

both!(
    async fn a_complaint_that_its_provider_has_signed_is_one_and_staff_may_take_it_back(db: TestDb) {
        let loops = Loops::new(&db).await;
        let signer = Signer::new();
        let zone = Zone::default().txt("s._domainkey.arf.mail.yahoo.com", &signer.record()).serve().await;
        let id = loops.comes(&signer.sign("arf.mail.yahoo.com", WHOLE, &report(YAHOO, "ada@yahoo.com"))).await;
        assert!(loops.suppressed().await.is_empty(), "nothing before somebody has looked");
        loops.looked(zone, TimeDelta::zero()).await;
        assert_eq!(loops.suppressed().await, [Reason::Complaint]);
        let mail = loops.kept(id).await;
        assert_eq!(
            (mail.standing, mail.effect, mail.subscriber),
            (Standing::Acted, Some(Effect::Suppressed), Some(loops.ada))
        );
        assert_eq!(loops.world.facts().await, [Kind::Complained]);
        release(loops.world.db, id, STAFF, start_of_time()).await.unwrap();
        assert!(loops.suppressed().await.is_empty());
        loops.looked(zone, TimeDelta::days(1)).await;
        assert!(loops.suppressed().await.is_empty(), "it is looked at once");
    }
);

both!(
    async fn a_field_behind_a_bare_cr_is_none_that_was_signed(db: TestDb) {
        let loops = Loops::new(&db).await;
        let signer = Signer::new();
        let zone = Zone::default().txt("s._domainkey.arf.mail.yahoo.com", &signer.record()).serve().await;
        let signed = signer.sign("arf.mail.yahoo.com", WHOLE, &report(YAHOO, "ada@yahoo.com"));
        let id = loops.comes(&format!("X-Other: a\rFrom: Feedback <{YAHOO}>\r\n{signed}")).await;
        loops.looked(zone, TimeDelta::zero()).await;
        assert!(loops.suppressed().await.is_empty());
        assert_eq!(loops.kept(id).await.standing, Standing::ToLookAt);
    }
);

both!(
    async fn what_proves_nothing_acts_on_nobody_and_waits_for_a_person(db: TestDb) {
        let loops = Loops::new(&db).await;
        let yahoo = "arf.mail.yahoo.com";
        let mail = |about: &str| report(YAHOO, about);
        let of_user = report("eve@yahoo.com", "ada@yahoo.com");
        let records: Vec<Signer> = (0..6).map(|_| Signer::new()).collect();
        let mut zone = Zone::default();
        let mut mails = vec![("no signature", mail("ada@yahoo.com"))];
        let cases = [
            ("a body that was changed", yahoo, WHOLE, mail("ada@yahoo.com")),
            ("a user of theirs", "yahoo.com", WHOLE, of_user),
            ("somebody else's domain", "example.net", WHOLE, mail("ada@yahoo.com")),
            ("no word about where the parts begin", yahoo, &["From", "Subject"][..], mail("ada@yahoo.com")),
            ("somebody elsewhere", yahoo, WHOLE, mail("ada@example.org")),
            ("a brand that is none", yahoo, WHOLE, mail("ada@yahoo.com").replace("news@example.com", "x@example.net")),
        ];
        for (at, (signer, (name, domain, headers, mail))) in records.into_iter().zip(cases).enumerate() {
            let mail = format!("X-Case: {at}\r\n{mail}");
            zone = zone.txt(&format!("s._domainkey.{domain}"), &signer.record());
            let signed = signer.sign(domain, headers, &mail);
            mails.push((name, if at == 0 { signed.replace("abuse report", "abuse  rep0rt") } else { signed }));
        }
        let zone = zone.serve().await;
        let mut ids = Vec::new();
        for (name, mail) in &mails {
            ids.push((name, loops.comes(mail).await));
        }
        loops.looked(zone, TimeDelta::zero()).await;
        for (name, id) in ids {
            let mail = loops.kept(id).await;
            assert_eq!((mail.standing, mail.effect), (Standing::ToLookAt, None), "{name}");
            assert!(loops.suppressed().await.is_empty(), "{name}");
        }
        assert!(loops.world.facts().await.is_empty());
    }
);

both!(
    async fn a_name_server_that_gives_no_answer_is_asked_again_for_three_days(db: TestDb) {
        let loops = Loops::new(&db).await;
        let signer = Signer::new();
        let record = signer.record();
        let id = loops.comes(&signer.sign("arf.mail.yahoo.com", WHOLE, &report(YAHOO, "ada@yahoo.com"))).await;
        // Nobody is there.
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        loops.looked(silent, TimeDelta::zero()).await;
        assert_eq!(loops.kept(id).await.rule.as_deref(), Some("a complaint whose signature waits for the DNS"));
        let zone = Zone::default().txt("s._domainkey.arf.mail.yahoo.com", &record).serve().await;
        loops.looked(zone, TimeDelta::minutes(59)).await;
        assert!(loops.suppressed().await.is_empty(), "not before its hour is over");
        loops.looked(silent, TimeDelta::days(3)).await;
        assert_eq!(loops.kept(id).await.rule.as_deref(), Some(UNPROVED));
        loops.looked(zone, TimeDelta::days(4)).await;
        assert!(loops.suppressed().await.is_empty());
        let waiting = Filter { standing: Some(Standing::ToLookAt), unseen: true, ..Filter::default() };
        assert_eq!(list(loops.world.db.reader(), waiting, None, 9).await.unwrap().len(), 1);
    }
);
