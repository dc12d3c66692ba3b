use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dns::{MailHosts, Resolver, Settings};
use testkit::dns::Zone;
use tokio::net::UdpSocket;
use tokio::time::Instant;

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
async fn a_look_ends_however_patient_each_question_is() {
    let mute = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let settings = Settings { nameserver: Some(mute.local_addr().unwrap()), timeout: Duration::from_secs(3600) };
    let patient = Resolver::new(&settings).unwrap();
    tokio::time::pause();
    let begun = Instant::now();
    assert!(patient.domain_gone("example.com").await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_was_forgotten_is_asked_anew() {
    let (before, after) = (Zone::default().mx("here.example", 10, "mx.here.example"), Zone::default());
    let server = Changing::serve(before.serve().await, after.serve().await).await;
    let resolver = resolver(server.address);
    assert!(!resolver.domain_gone("here.example").await.unwrap());
    server.change();
    assert!(!resolver.domain_gone("here.example").await.unwrap(), "the answer is kept");
    resolver.forget();
    assert!(resolver.domain_gone("here.example").await.unwrap());
}

/// A name server that says what one server says, and what another says after the change.
struct Changing {
    address: SocketAddr,
    changed: Arc<AtomicBool>,
}

impl Changing {
    async fn serve(before: SocketAddr, after: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (address, changed) = (socket.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let is_changed = Arc::clone(&changed);
        tokio::spawn(async move {
            let mut message = [0; 4096];
            loop {
                let (length, client) = socket.recv_from(&mut message).await.unwrap();
                let asks = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                let whom = if is_changed.load(Ordering::SeqCst) { after } else { before };
                asks.send_to(&message[..length], whom).await.unwrap();
                let length = asks.recv(&mut message).await.unwrap();
                socket.send_to(&message[..length], client).await.unwrap();
            }
        });
        Self { address, changed }
    }

    fn change(&self) {
        self.changed.store(true, Ordering::SeqCst);
    }
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

/// A row of the table.
#[derive(serde::Deserialize)]
struct Row {
    provider: String,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Table {
    row: Vec<Row>,
}

#[tokio::test]
async fn each_row_of_the_table_changes_who_keeps_a_domain_s_mailboxes() {
    let table: Table = toml::from_str(include_str!("../../data/providers.toml")).unwrap();
    let suffixes: Vec<(&str, &str)> =
        table.row.iter().flat_map(|row| row.mx.iter().map(|suffix| (suffix.as_str(), row.provider.as_str()))).collect();
    let mut zone = Zone::default();
    for (at, (suffix, _)) in suffixes.iter().enumerate() {
        // A tenant with hosts of its own behind a gateway, one behind hosts that are everybody's, one whose second server is the
        // provider's, and somebody else's host whose name only ends alike.
        zone = zone
            .mx(&format!("tenant{at}.example"), 10, &format!("tenant{at}-example.region{suffix}"))
            .mx(&format!("shared{at}.example"), 10, &format!("MX1{suffix}"))
            .mx(&format!("second{at}.example"), 20, &format!("mx1{suffix}"))
            .mx(&format!("second{at}.example"), 10, "mx.second.example")
            .mx(&format!("stranger{at}.example"), 10, &format!("mx.not{}", &suffix[1..]));
    }
    let resolver = resolver(zone.serve().await);
    let found = async |domain: String| resolver.provider(&domain).await.unwrap().as_str().to_owned();
    for (at, (suffix, provider)) in suffixes.into_iter().enumerate() {
        assert_eq!(found(format!("tenant{at}.example")).await, provider, "{suffix}");
        assert_eq!(found(format!("shared{at}.example")).await, provider, "{suffix}");
        assert_eq!(found(format!("second{at}.example")).await, "other", "{suffix}");
        assert_eq!(found(format!("stranger{at}.example")).await, "other", "{suffix}");
    }
    for row in table.row {
        for domain in row.domains {
            assert_eq!(found(domain.clone()).await, row.provider, "{domain}");
            // Its name ends alike, and the name server knows nothing of it.
            assert_eq!(found(format!("not{domain}")).await, "other", "{domain}");
        }
    }
}
