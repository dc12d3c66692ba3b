//! Openings and clicks: written in batches, judged with what came around them, for whom agreed.

use std::time::Duration;

use activity::Kind;
use chrono::{DateTime, TimeDelta, Utc};
use database::lease;
use domain::{DeliveryKey, InstanceId};
use feedback::tracking::{self, Count, Counted, Deed, Hit, Whose};
use sea_orm::{ConnectionTrait, Statement, Value};
use subscribers::Evidence;
use testkit::{TestDb, both, start_of_time};

use crate::people::Ada;

/// So many seconds after the relay took the mail.
fn at(seconds: i64) -> DateTime<Utc> {
    start_of_time() + TimeDelta::seconds(seconds)
}

impl Ada<'_> {
    /// A mail to her that a relay took, and she agreed to be counted.
    async fn read(&self) -> DeliveryKey {
        subscribers::tracking::allow(self.world.db, self.id, self.world.brand, "words", &Evidence::none(), at(-1))
            .await
            .unwrap();
        self.taken().await
    }

    async fn taken(&self) -> DeliveryKey {
        let key = self.sent().await;
        let sql =
            "UPDATE deliveries SET state = 'sent', due_at = NULL, sent_at = $3 WHERE mailing_no = $1 AND ordinal = $2";
        self.run(sql, vec![key.mailing.into(), key.ordinal.into(), at(0).into()]).await;
        key
    }

    async fn run(&self, sql: &str, values: Vec<Value>) {
        let statement = Statement::from_sql_and_values(self.world.db.backend(), sql, values);
        self.world.db.writer().execute_raw(statement).await.unwrap();
    }

    fn hit(&self, whose: impl Into<Option<DeliveryKey>>, deed: Deed, seconds: i64) -> Hit {
        let whose: Option<DeliveryKey> = whose.into();
        let whose = whose.map_or(Whose::Mailing(domain::MailingNo(1)), Whose::Delivery);
        let network = Some(domain::Network::around("192.0.2.7".parse().unwrap()));
        Hit { at: at(seconds), deed, whose, brand: self.world.brand, links: 5, network, suspect: None }
    }

    /// Writes them down and has them judged.
    async fn judged(&self, hits: Vec<Hit>) {
        let last = hits.iter().map(|hit| hit.at).max().unwrap();
        tracking::write(self.world.db, hits).await.unwrap();
        self.judge(last + tracking::SETTLED).await;
    }

    async fn judge(&self, now: DateTime<Utc>) {
        let holder = InstanceId::new(at(0)).uuid();
        let lease = lease::acquire(self.world.db, "hits", holder, Duration::from_secs(60), now).await.unwrap().unwrap();
        while tracking::judge(self.world.db, &lease, now).await.unwrap() {}
        lease::release(self.world.db, &lease, now).await.unwrap();
    }

    async fn counts(&self, key: DeliveryKey) -> Counted {
        tracking::counts(self.world.db.reader(), key.mailing).await.unwrap()
    }

    async fn done(&self) -> Vec<Kind> {
        let facts = self.world.facts().await;
        facts.into_iter().filter(|kind| matches!(kind, Kind::Opened | Kind::Clicked)).collect()
    }

    /// What is kept: whose each hit is, from where, and what it was counted as.
    async fn kept(&self) -> Vec<(Option<i64>, Option<String>, Option<String>)> {
        let statement =
            Statement::from_string(self.world.db.backend(), "SELECT ordinal, network, machine FROM hits ORDER BY id");
        let rows = self.world.db.reader().query_all_raw(statement).await.unwrap();
        let read = |row: &sea_orm::QueryResult| {
            (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap(), row.try_get_by_index(2).unwrap())
        };
        rows.iter().map(read).collect()
    }
}

both! {
    async fn a_person_is_counted_once_and_every_click_is(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.read().await;
        ada.judged(vec![
            ada.hit(key, Deed::Opened, 60),
            ada.hit(key, Deed::Clicked(1), 70),
            ada.hit(key, Deed::Clicked(1), 75),
            ada.hit(key, Deed::Clicked(3), 500),
        ]).await;
        ada.judged(vec![ada.hit(key, Deed::Clicked(1), 900), ada.hit(key, Deed::Opened, 900)]).await;
        let counts = ada.counts(key).await;
        assert_eq!(counts.openings, Count { people: 1, human: 2, ..Count::default() });
        assert_eq!(counts.clicks, Count { people: 1, human: 4, ..Count::default() });
        assert_eq!(counts.links[&1], Count { people: 1, human: 3, ..Count::default() });
        assert_eq!(counts.links[&3], Count { people: 1, human: 1, ..Count::default() });
        assert_eq!(ada.done().await, [Kind::Clicked, Kind::Clicked, Kind::Opened], "each once");
        let (_, network, machine) = &ada.kept().await[0];
        assert_eq!((network.as_deref(), machine.as_deref()), (Some("192.0.2.0/24"), None));
    }
}

both! {
    async fn nothing_is_judged_before_what_belongs_to_it_can_have_come(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.read().await;
        tracking::write(db.database(), vec![ada.hit(key, Deed::Clicked(1), 60)]).await.unwrap();
        ada.judge(at(69)).await;
        assert_eq!(ada.counts(key).await, Counted::default());
        ada.judge(at(70)).await;
        assert_eq!(ada.counts(key).await.clicks.human, 1);
        ada.judge(at(700)).await;
        assert_eq!(ada.counts(key).await.clicks.human, 1, "and once");
    }
}

both! {
    async fn machines_are_told_apart_and_kept_beside(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.read().await;
        let suspect = Hit { suspect: Some("scanner.barracuda"), ..ada.hit(key, Deed::Clicked(1), 900) };
        let scan = |link| ada.hit(key, Deed::Clicked(link), 300);
        ada.judged(vec![ada.hit(key, Deed::Opened, 1), suspect, scan(0), scan(1), scan(2), scan(3)]).await;
        let counts = ada.counts(key).await;
        assert_eq!(counts.openings, Count { machine: 1, ..Count::default() });
        assert_eq!(counts.clicks, Count { machine: 5, ..Count::default() });
        assert_eq!(ada.done().await, [], "a machine is nobody");
        let rules: Vec<_> = ada.kept().await.into_iter().map(|(.., machine)| machine.unwrap()).collect();
        let all = "time.all_links_at_once";
        assert_eq!(rules, ["time.too_soon", "scanner.barracuda", all, all, all, all]);
        // Three tabs are a reader's.
        let tab = |link| ada.hit(key, Deed::Clicked(link), 2_000);
        ada.judged(vec![tab(0), tab(1), tab(2)]).await;
        assert_eq!(ada.counts(key).await.clicks, Count { people: 1, human: 3, machine: 5, ..Count::default() });
    }
}

both! {
    async fn who_withdrew_is_counted_no_longer_and_leaves_no_trace(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.read().await;
        tracking::write(db.database(), vec![ada.hit(key, Deed::Clicked(1), 60), ada.hit(key, Deed::Opened, 60)]).await.unwrap();
        subscribers::tracking::withdraw(db.database(), ada.id, ada.world.brand, &Evidence::none(), at(61)).await.unwrap();
        ada.judge(at(100)).await;
        assert_eq!((ada.counts(key).await, ada.done().await), (Counted::default(), vec![]));
        assert_eq!(ada.kept().await, []);
    }
}

both! {
    async fn where_the_brand_counts_nobody_in_particular_no_mail_is_named(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.taken().await;
        ada.run("UPDATE brands SET anonymous_clicks = $1", vec![true.into()]).await;
        let nobody = Hit { whose: Whose::Mailing(key.mailing), ..ada.hit(key, Deed::Clicked(1), 60) };
        let robot = Hit { suspect: Some("robot.bot"), ..nobody.clone() };
        // She did not agree, whatever the link says.
        ada.judged(vec![nobody, robot, ada.hit(key, Deed::Clicked(1), 61), ada.hit(key, Deed::Opened, 61)]).await;
        let counts = ada.counts(key).await;
        assert_eq!(counts.links[&1], Count { anonymous: 2, anonymous_machine: 1, ..Count::default() });
        assert_eq!(counts.openings, Count::default());
        assert!(ada.kept().await.iter().all(|(ordinal, ..)| ordinal.is_none()));
        assert_eq!(ada.done().await, []);
    }
}

both! {
    async fn a_click_proves_that_a_mail_in_doubt_was_sent(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.read().await;
        let sql = "UPDATE deliveries SET state = 'in_doubt', sent_at = NULL WHERE mailing_no = $1 AND ordinal = $2";
        ada.run(sql, vec![key.mailing.into(), key.ordinal.into()]).await;
        ada.judged(vec![ada.hit(key, Deed::Clicked(1), 60)]).await;
        let delivery = outbox::find(db.database().reader(), key).await.unwrap().unwrap();
        assert_eq!((delivery.state, delivery.sent_at), (outbox::State::Sent, Some(at(60))));
    }
}

both! {
    async fn what_the_brand_keeps_no_longer_is_gone_and_the_counts_stay(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.read().await;
        ada.run("UPDATE brands SET hits_kept_days = $1", vec![2.into()]).await;
        ada.judged(vec![ada.hit(key, Deed::Clicked(1), 60), ada.hit(key, Deed::Clicked(2), 70)]).await;
        let day = 24 * 60 * 60;
        assert_eq!(tracking::expire(db.database(), 10, at(60 + 2 * day)).await.unwrap(), 0);
        assert_eq!(tracking::expire(db.database(), 10, at(61 + 2 * day)).await.unwrap(), 1);
        assert_eq!(ada.kept().await.len(), 1);
        assert_eq!(ada.counts(key).await.clicks.human, 2);
    }
}

both! {
    async fn who_is_erased_leaves_no_opening_and_no_click(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.read().await;
        ada.judged(vec![ada.hit(key, Deed::Opened, 60), ada.hit(key, Deed::Clicked(1), 70), ada.hit(None, Deed::Clicked(2), 70)]).await;
        let address = "ada@example.com".parse().unwrap();
        feedback::forget(db.database(), Some(ada.id), &address).await.unwrap();
        assert!(ada.kept().await.iter().all(|(ordinal, ..)| ordinal.is_none()), "nobody's stay");
        assert_eq!(ada.counts(key).await.clicks.human, 1, "and so do the sums");
    }
}
