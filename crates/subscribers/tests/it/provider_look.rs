use std::time::Duration as Patience;

use chrono::{DateTime, Duration, Utc};
use dns::{Resolver, Settings};
use domain::SubscriberId;
use subscribers::{Change, provider_look};
use testkit::dns::Zone;
use testkit::{TestDb, both};

use crate::imports::bring;
use crate::stage::{Stage, ada, address, days, now, staff};

async fn asking(zone: Zone) -> Resolver {
    let nameserver = Some(zone.serve().await);
    Resolver::new(&Settings { nameserver, timeout: Patience::from_secs(2) }).unwrap()
}

/// One company is kept at Microsoft, another at Google; a third keeps itself.
async fn hosts() -> Resolver {
    let zone = Zone::default()
        .mx("office.example", 10, "office-example.mail.protection.outlook.com")
        .mx("works.example", 10, "aspmx.l.google.com")
        .mx("own.example", 10, "mx.own.example");
    asking(zone).await
}

impl Stage<'_> {
    async fn look_for_providers(&self, resolver: &Resolver, now: DateTime<Utc>) -> bool {
        let lease = testkit::scheduler(self.db, now).await;
        let looked = provider_look::look(self.db, resolver, now).await.unwrap();
        provider_look::settle(self.db, &lease, looked, now).await.unwrap()
    }

    async fn provider(&self, who: SubscriberId) -> String {
        subscribers::find(self.db.reader(), who).await.unwrap().unwrap().provider.to_string()
    }

    async fn provider_of(&self, email: &str) -> String {
        self.provider(self.id(&address(email)).await).await
    }
}

both!(
    async fn a_company_is_in_the_lane_of_who_keeps_its_mailboxes_once_its_mx_was_asked(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let resolver = hosts().await;
        let people = ["a@office.example", "b@office.example", "c@works.example", "d@own.example", "e@gmail.com"];
        bring(&stage, people.map(str::to_owned).to_vec()).await;
        for (email, at_once) in people.iter().zip(["other", "other", "other", "other", "gmail"]) {
            assert_eq!(stage.provider_of(email).await, at_once, "{email}");
        }
        assert!(!stage.look_for_providers(&resolver, now()).await);
        for (email, later) in people.iter().zip(["microsoft", "microsoft", "gmail", "other", "gmail"]) {
            assert_eq!(stage.provider_of(email).await, later, "{email}");
        }
    }
);

both!(
    async fn a_round_is_bounded_and_the_next_one_goes_on(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let zone =
            (0..60).fold(Zone::default(), |zone, at| zone.mx(&format!("c{at}.example"), 10, "aspmx.l.google.com"));
        let resolver = asking(zone).await;
        let people: Vec<String> = (0..120).map(|at| format!("p{at}@c{}.example", at % 60)).collect();
        bring(&stage, people.clone()).await;
        assert!(stage.look_for_providers(&resolver, now()).await);
        assert!(!stage.look_for_providers(&resolver, now()).await);
        for email in people {
            assert_eq!(stage.provider_of(&email).await, "gmail", "{email}");
        }
    }
);

both!(
    async fn where_no_name_server_answers_it_is_asked_again_hours_later(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&address("a@office.example"), &[0]).await;
        let silent = Settings { nameserver: Some("127.0.0.1:9".parse().unwrap()), timeout: Patience::from_millis(50) };
        stage.look_for_providers(&Resolver::new(&silent).unwrap(), now()).await;
        let resolver = hosts().await;
        stage.look_for_providers(&resolver, now() + Duration::hours(5)).await;
        assert_eq!(stage.provider(who).await, "other");
        stage.look_for_providers(&resolver, now() + Duration::hours(6)).await;
        assert_eq!(stage.provider(who).await, "microsoft");
    }
);

both!(
    async fn another_address_is_looked_up_anew_and_an_answer_about_the_old_one_is_not_its(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let moves = |email: &str| Change { email: Some(address(email)), ..Change::default() };
        stage.look_for_providers(&hosts().await, now()).await;
        let person = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap();
        subscribers::update(
            stage.db,
            &testkit::keys(),
            who,
            person.version,
            moves("a@office.example"),
            &staff(),
            days(1),
        )
        .await
        .unwrap();
        let resolver = hosts().await;
        let looked = provider_look::look(stage.db, &resolver, days(1)).await.unwrap();
        let person = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap();
        subscribers::update(
            stage.db,
            &testkit::keys(),
            who,
            person.version,
            moves("a@works.example"),
            &staff(),
            days(1),
        )
        .await
        .unwrap();
        let lease = testkit::scheduler(stage.db, days(1)).await;
        provider_look::settle(stage.db, &lease, looked, days(1)).await.unwrap();
        assert_eq!(stage.provider(who).await, "other");
        stage.look_for_providers(&resolver, days(1)).await;
        assert_eq!(stage.provider(who).await, "gmail");
    }
);
