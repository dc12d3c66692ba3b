use dns::MailHosts;
use testkit::dns::Zone;
use tokio::net::UdpSocket;

use crate::resolver;

#[tokio::test]
async fn the_preferred_host_comes_first() {
    let zone = Zone::default().mx("company.example", 20, "MX2.company.example").mx(
        "company.example",
        10,
        "mx1.company.example",
    );
    let hosts = resolver(zone.serve().await).mx("Company.Example").await.unwrap();
    assert_eq!(hosts, MailHosts::Hosts(vec!["mx1.company.example".to_owned(), "mx2.company.example".to_owned()]));
}

#[tokio::test]
async fn a_domain_without_mx_takes_mail_itself_if_it_has_an_address() {
    let zone = Zone::default().a("old.example").txt("text.example", "hello");
    let resolver = resolver(zone.serve().await);
    assert_eq!(resolver.mx("old.example").await.unwrap(), MailHosts::Itself);
    assert_eq!(resolver.mx("text.example").await.unwrap(), MailHosts::Missing);
}

#[tokio::test]
async fn a_domain_is_gone_if_no_mail_can_reach_it() {
    let zone = Zone::default().mx("never.example", 0, ".").mx("here.example", 10, "mx.here.example").a("old.example");
    let resolver = resolver(zone.serve().await);
    for (domain, gone) in [
        ("never.example", true),
        ("nowhere.example", true),
        ("two..dots.example", true),
        ("here.example", false),
        ("old.example", false),
    ] {
        assert_eq!(resolver.domain_gone(domain).await.unwrap(), gone, "{domain}");
    }
    assert_eq!(resolver.mx("never.example").await.unwrap(), MailHosts::Refuses);
}

#[tokio::test]
async fn a_server_that_fails_or_is_silent_says_nothing_about_a_domain() {
    let failing = resolver(Zone::default().serve().await);
    assert!(failing.domain_gone("x.broken.example").await.is_err());

    let mute = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let silent = resolver(mute.local_addr().unwrap());
    assert!(silent.domain_gone("example.com").await.is_err());
}

#[tokio::test]
async fn a_company_is_known_by_its_mail_server_and_a_person_by_the_domain() {
    let zone = Zone::default().mx("company.example", 5, "company-example.mail.protection.outlook.com").mx(
        "own.example",
        5,
        "mail.own.example",
    );
    let resolver = resolver(zone.serve().await);
    assert_eq!(resolver.provider("company.example").await.unwrap().as_str(), "microsoft");
    assert_eq!(resolver.provider("own.example").await.unwrap().as_str(), "other");
    assert_eq!(resolver.provider("gmail.com").await.unwrap().as_str(), "gmail");
}
