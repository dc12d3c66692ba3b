use std::net::SocketAddr;
use std::time::Duration as Patience;

use chrono::{DateTime, Duration, Utc};
use database::lease::{self, BeginError};
use dns::{Resolver, Settings};
use domain::{Actor, SubscriberId};
use subscribers::suppression::Reason;
use subscribers::{Change, Effect, Error, domain_gone};
use testkit::dns::Zone;
use testkit::{TestDb, both};
use tokio::net::UdpSocket;
use verdict::Class;

use crate::failures::fail;
use crate::stage::{Stage, ada, address, days, now, staff};

fn asking(server: SocketAddr) -> Resolver {
    Resolver::new(&Settings { nameserver: Some(server), timeout: Patience::from_secs(2) }).unwrap()
}

/// The domain of the brand, and nothing besides.
fn ours() -> Zone {
    Zone::default().mx("bounce.acme.example", 10, "mx.acme.example")
}

/// Nobody's domain.
async fn nothing() -> Resolver {
    asking(ours().serve().await)
}

/// Everybody's domain takes mail.
async fn there() -> Resolver {
    asking(ours().mx("example.com", 10, "mx.example.com").serve().await)
}

impl Stage<'_> {
    async fn look(&self, resolver: &Resolver, now: DateTime<Utc>) {
        while self.one_round(resolver, now).await {}
    }

    async fn one_round(&self, resolver: &Resolver, now: DateTime<Utc>) -> bool {
        let lease = testkit::scheduler(self.db, now).await;
        let looked = domain_gone::look(self.db, resolver, now).await.unwrap();
        domain_gone::settle(self.db, &lease, looked, now).await.unwrap()
    }

    async fn is_barred(&self, who: SubscriberId, now: DateTime<Utc>) -> bool {
        match self.why_not(who, 0, now).await.as_deref() {
            None => false,
            Some("suppressed_domain_gone") => true,
            Some(other) => panic!("barred because of {other}"),
        }
    }
}

both!(
    async fn no_number_of_reports_suppresses_for_a_domain_that_is_there(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let resolver = there().await;
        for day in 0..10 {
            assert_eq!(fail(&stage, who, Class::DomainGone, days(day)).await, Effect::Noted);
            stage.look(&resolver, days(day)).await;
            assert!(!stage.is_barred(who, days(day)).await);
        }
    }
);

both!(
    async fn a_domain_that_own_look_ups_find_gone_on_two_days_is_mailed_no_more(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let (who, other) = (stage.join(&ada(), &[0]).await, stage.join(&address("bob@example.com"), &[0]).await);
        let resolver = nothing().await;
        fail(&stage, who, Class::DomainGone, now()).await;
        stage.look(&resolver, now()).await;
        // A second report is no second look, nor is a look on the same day.
        fail(&stage, who, Class::DomainGone, now() + Duration::hours(23)).await;
        stage.look(&resolver, now() + Duration::hours(23)).await;
        assert!(!stage.is_barred(who, days(1)).await);
        // One report was enough: the second look comes by itself.
        stage.look(&resolver, days(1)).await;
        assert!(stage.is_barred(who, days(1)).await);
        assert!(!stage.is_barred(other, days(1)).await, "of whom no server said anything");
        let standing = subscribers::suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap();
        let found: Vec<_> = standing.iter().map(|entry| (entry.reason, entry.brand, &entry.created_by)).collect();
        assert_eq!(found, [(Reason::DomainGone, None, &Actor::rule("dns.domain-gone"))]);
    }
);

both!(
    async fn a_domain_that_comes_back_begins_anew(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::DomainGone, now()).await;
        stage.look(&nothing().await, now()).await;
        stage.look(&there().await, days(1)).await;
        stage.look(&nothing().await, days(2)).await;
        assert!(!stage.is_barred(who, days(2)).await, "nobody looks when no server says anything");
        fail(&stage, who, Class::DomainGone, days(3)).await;
        stage.look(&nothing().await, days(3)).await;
        assert!(!stage.is_barred(who, days(3)).await);
        stage.look(&nothing().await, days(4)).await;
        assert!(stage.is_barred(who, days(4)).await);
    }
);

both!(
    async fn a_name_server_that_is_silent_or_fails_proves_nothing_and_is_asked_again(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let (who, broken) = (stage.join(&ada(), &[0]).await, stage.join(&address("b@broken.example"), &[0]).await);
        let mute = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let silent = asking(mute.local_addr().unwrap());
        for who in [who, broken] {
            fail(&stage, who, Class::DomainGone, now()).await;
        }
        stage.look(&silent, now()).await;
        stage.look(&nothing().await, now() + Duration::hours(5)).await;
        for day in 1..4 {
            stage.look(&nothing().await, days(day)).await;
        }
        // It was first found gone a day after the report, and again the day after.
        assert!(stage.is_barred(who, days(4)).await);
        assert!(!stage.is_barred(broken, days(4)).await, "SERVFAIL is no word about the domain");
    }
);

both!(
    async fn a_name_server_that_finds_nobody_proves_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::DomainGone, now()).await;
        let liar = asking(Zone::default().serve().await);
        for day in 0..4 {
            stage.look(&liar, days(day)).await;
        }
        assert!(!stage.is_barred(who, days(4)).await);
        // Nor does it count as the first of the two days.
        stage.look(&nothing().await, days(4)).await;
        assert!(!stage.is_barred(who, days(4)).await);
        stage.look(&nothing().await, days(5)).await;
        assert!(stage.is_barred(who, days(5)).await);
    }
);

both!(
    async fn a_success_between_the_looks_is_believed(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::DomainGone, now()).await;
        let resolver = nothing().await;
        stage.look(&resolver, now()).await;
        stage.succeed(who, now() + Duration::hours(1)).await;
        stage.look(&resolver, days(1)).await;
        assert!(!stage.is_barred(who, days(1)).await);
    }
);

both!(
    async fn another_address_is_another_domain(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::DomainGone, now()).await;
        let resolver = nothing().await;
        stage.look(&resolver, now()).await;
        let version = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap().version;
        let change = Change { email: Some(address("ada@example.org")), ..Change::default() };
        subscribers::update(stage.db, &testkit::keys(), who, version, change, &staff(), now()).await.unwrap();
        for day in [1, 2] {
            stage.look(&resolver, days(day)).await;
            assert!(!stage.is_barred(who, days(day)).await);
        }
    }
);

both!(
    async fn a_round_is_bounded_and_nobody_is_left_over(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let mut people = Vec::new();
        for n in 0..45 {
            let who = stage.join(&address(&format!("p{n}@d{}.example", n % 30)), &[0]).await;
            fail(&stage, who, Class::DomainGone, now()).await;
            people.push(who);
        }
        let resolver = nothing().await;
        for day in [0, 1] {
            assert!(stage.one_round(&resolver, days(day)).await, "thirty domains are too many");
            assert!(!stage.one_round(&resolver, days(day)).await);
        }
        for who in people {
            assert!(stage.is_barred(who, days(1)).await);
        }
    }
);

both!(
    async fn whoever_lost_the_lease_while_looking_settles_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::DomainGone, now()).await;
        let resolver = nothing().await;
        stage.look(&resolver, now()).await;
        let frozen = testkit::scheduler(stage.db, now()).await;
        let taken =
            lease::acquire(stage.db, &frozen.role, uuid::Uuid::from_u128(2), Patience::from_secs(9), days(1)).await;
        assert!(taken.unwrap().is_some());
        let looked = domain_gone::look(stage.db, &resolver, days(1)).await.unwrap();
        let refused = domain_gone::settle(stage.db, &frozen, looked, days(1)).await.unwrap_err();
        assert!(matches!(refused, Error::Lease(BeginError::Lost(_))), "{refused}");
        assert!(!stage.is_barred(who, days(1)).await);
    }
);

both!(
    async fn look_ups_that_outlast_the_lease_settle_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::DomainGone, now()).await;
        let resolver = nothing().await;
        stage.look(&resolver, now()).await;
        let lease = testkit::scheduler(stage.db, days(1)).await;
        let looked = domain_gone::look(stage.db, &resolver, days(1)).await.unwrap();
        let refused = domain_gone::settle(stage.db, &lease, looked, lease.expires_at).await.unwrap_err();
        assert!(matches!(refused, Error::Lease(BeginError::Lost(_))), "{refused}");
        assert!(!stage.is_barred(who, days(1)).await);
    }
);
