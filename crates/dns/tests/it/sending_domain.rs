use dns::{Finding, SendingDomain, Standing, Subject};
use domain::DnsRecord;
use testkit::dns::Zone;

use crate::resolver;

const SPF: &str = "v=spf1 mx -all";
const DMARC: &str = "v=DMARC1; p=none; rua=mailto:postmaster@example.com";

/// A key whose record is longer than one string of a TXT may be.
fn key() -> DnsRecord {
    DnsRecord::txt("s1._domainkey.example.com", format!("v=DKIM1; k=rsa; p={}", "ABCD".repeat(90)))
}

fn expected() -> SendingDomain {
    SendingDomain {
        domain: "example.com".to_owned(),
        bounce_domain: "bounce.example.com".to_owned(),
        dkim: vec![key()],
        mail_host: Some("mail.example.com".to_owned()),
    }
}

/// The way back, which the other checks do not depend on.
fn way_back() -> Zone {
    Zone::default().mx("bounce.example.com", 10, "mail.example.com").a("mail.example.com")
}

/// Everything but the SPF record.
fn without_spf() -> Zone {
    way_back().strings("s1._domainkey.example.com", &halves(&key().value)).txt("_dmarc.example.com", DMARC)
}

fn halves(text: &str) -> [&str; 2] {
    let (start, end) = text.split_at(255);
    [start, end]
}

async fn find(zone: Zone, subject: Subject) -> Finding {
    let findings = resolver(zone.serve().await).check_sending_domain(&expected()).await;
    findings.into_iter().find(|finding| finding.subject == subject).unwrap()
}

#[tokio::test]
async fn a_domain_that_is_set_up_is_good_throughout() {
    let findings =
        resolver(without_spf().txt("bounce.example.com", SPF).serve().await).check_sending_domain(&expected()).await;
    let standings: Vec<_> = findings.iter().map(|finding| (finding.subject, finding.standing)).collect();
    let subjects = [Subject::Spf, Subject::Dkim, Subject::Dmarc, Subject::BounceMx];
    assert_eq!(standings, subjects.map(|subject| (subject, Standing::Good)), "{findings:?}");
}

#[tokio::test]
async fn an_empty_zone_gets_told_every_record_to_publish() {
    let findings = resolver(Zone::default().serve().await).check_sending_domain(&expected()).await;
    let records: Vec<_> = findings.iter().map(|finding| finding.publish.clone().unwrap()).collect();
    assert_eq!(
        records,
        [
            DnsRecord::txt("bounce.example.com", "v=spf1 mx -all"),
            key(),
            DnsRecord::txt("_dmarc.example.com", DMARC),
            DnsRecord::mx("bounce.example.com", 10, "mail.example.com"),
        ]
    );
    assert!(findings.iter().all(|finding| !finding.holds()));
}

#[tokio::test]
async fn a_server_that_fails_is_not_taken_for_a_missing_record() {
    let broken = SendingDomain {
        domain: "broken.example".to_owned(),
        bounce_domain: "bounce.broken.example".to_owned(),
        dkim: vec![DnsRecord::txt("s1._domainkey.broken.example", key().value)],
        mail_host: None,
    };
    let findings = resolver(Zone::default().serve().await).check_sending_domain(&broken).await;
    assert!(findings.iter().all(|finding| finding.standing == Standing::Unknown), "{findings:?}");
    assert!(findings.iter().all(|finding| finding.publish.is_none()));
}

#[tokio::test]
async fn a_domain_without_a_key_is_told_to_make_one() {
    let keyless = SendingDomain { dkim: Vec::new(), ..expected() };
    let findings = resolver(without_spf().serve().await).check_sending_domain(&keyless).await;
    let dkim = findings.iter().find(|finding| finding.subject == Subject::Dkim).unwrap();
    assert_eq!(dkim.standing, Standing::Wrong);
}

#[tokio::test]
async fn two_spf_records_count_as_none_and_one_is_proposed() {
    let zone = way_back()
        .txt("bounce.example.com", "v=spf1 ip4:192.0.2.7 -all")
        .txt("bounce.example.com", "v=spf1 include:_spf.relay.example ~all")
        .txt("bounce.example.com", "some-site-verification=1");
    let spf = find(zone, Subject::Spf).await;
    assert_eq!(spf.standing, Standing::Wrong);
    // Servers give records in any order, so the terms may come in either.
    let proposed = spf.publish.unwrap().value;
    assert!(proposed.starts_with("v=spf1 ") && proposed.ends_with(" ~all"), "{proposed}");
    assert!(proposed.contains("ip4:192.0.2.7") && proposed.contains("include:_spf.relay.example"), "{proposed}");
}

#[tokio::test]
async fn spf_look_ups_are_counted_through_includes() {
    let nested = |most: usize| {
        let terms: Vec<String> = (0..most - 1).map(|n| format!("exists:{n}.example.com")).collect();
        way_back()
            .txt("bounce.example.com", "v=spf1 include:inner.example.com -all")
            .txt("inner.example.com", &format!("v=spf1 {} -all", terms.join(" ")))
    };
    let ten = find(nested(10), Subject::Spf).await;
    assert_eq!((ten.standing, ten.words.as_str()), (Standing::Good, "one record, 10 of 10 look-ups"));
    assert_eq!(find(nested(11), Subject::Spf).await.standing, Standing::Wrong);
}

#[tokio::test]
async fn spf_records_that_break_a_verifier_are_wrong() {
    for record in [
        "v=spf1 ipv4:192.0.2.1 -all",
        "v=spf1 include:missing.example.com -all",
        "v=spf1 include:bounce.example.com -all",
        "v=spf1 a:x.example.net a:y.example.net a:z.example.net -all",
        "v=spf1 +all",
        "v=spf1 -all",
    ] {
        let spf = find(way_back().txt("bounce.example.com", record), Subject::Spf).await;
        assert_eq!(spf.standing, Standing::Wrong, "{record}: {spf}");
    }
    let open = find(way_back().txt("bounce.example.com", "v=spf1 mx"), Subject::Spf).await;
    assert_eq!(open.standing, Standing::Warning, "{open}");
}

#[tokio::test]
async fn a_key_may_be_split_into_strings_or_stand_behind_an_alias() {
    let split = way_back().strings("s1._domainkey.example.com", &halves(&key().value));
    assert_eq!(find(split, Subject::Dkim).await.standing, Standing::Good);
    let alias = way_back()
        .cname("s1._domainkey.example.com", "s1.keys.provider.example")
        .strings("s1.keys.provider.example", &halves(&key().value));
    assert_eq!(find(alias, Subject::Dkim).await.standing, Standing::Good);
}

#[tokio::test]
async fn another_key_or_two_records_are_wrong_and_the_right_one_is_shown() {
    let other = way_back().txt("s1._domainkey.example.com", "v=DKIM1; k=rsa; p=AAAA");
    let twice = way_back()
        .strings("s1._domainkey.example.com", &halves(&key().value))
        .txt("s1._domainkey.example.com", "v=DKIM1; k=rsa; p=AAAA");
    for zone in [other, twice] {
        let dkim = find(zone, Subject::Dkim).await;
        assert_eq!((dkim.standing, dkim.publish), (Standing::Wrong, Some(key())));
    }
}

#[tokio::test]
async fn a_policy_is_found_above_the_domain_too() {
    let below = SendingDomain { domain: "news.example.com".to_owned(), ..expected() };
    let findings =
        resolver(way_back().txt("_dmarc.example.com", DMARC).serve().await).check_sending_domain(&below).await;
    let dmarc = findings.into_iter().find(|finding| finding.subject == Subject::Dmarc).unwrap();
    assert_eq!((dmarc.standing, dmarc.name.as_str()), (Standing::Good, "_dmarc.example.com"));
}

#[tokio::test]
async fn two_policies_or_a_broken_one_are_wrong() {
    let twice = way_back().txt("_dmarc.example.com", DMARC).txt("_dmarc.example.com", "v=DMARC1; p=reject");
    let broken = way_back().txt("_dmarc.example.com", "v=DMARC1; p=strict");
    for zone in [twice, broken] {
        assert_eq!(find(zone, Subject::Dmarc).await.standing, Standing::Wrong);
    }
}

#[tokio::test]
async fn returned_mail_that_goes_elsewhere_or_nowhere_is_wrong() {
    let elsewhere = Zone::default().mx("bounce.example.com", 10, "mx.relay.example").a("mx.relay.example");
    let nowhere = Zone::default().mx("bounce.example.com", 10, "mail.example.com");
    let refused = Zone::default().mx("bounce.example.com", 0, ".");
    for zone in [elsewhere, nowhere, refused] {
        let mx = find(zone, Subject::BounceMx).await;
        assert_eq!(mx.standing, Standing::Wrong, "{mx}");
    }
}
