//! What becomes of a delivery, for every answer that a relay may give.

use std::time::Duration;

use outbox::{Phase, State};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sender::Tally;
use testkit::smtp::{Moment, Rule, Script};
use testkit::{TestDb, both};

use crate::house::House;

both!(
    async fn a_campaign_reaches_everybody_once(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol_many(40).await;
        let (campaign, mailing) = house.launch().await;
        let tick = house.sender(3).tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 40, ..Tally::default() });
        assert_eq!((house.sink.count(), house.sink.by_recipient().len()), (40, 40));
        assert!(house.sink.most_connections() <= 3);
        house.audit(mailing).await;
        campaigns::finish_drained(house.db, &house.scheduler().await, house.clock_now()).await.unwrap();
        let campaign = campaigns::find(house.db.reader(), campaign.id).await.unwrap().unwrap();
        assert_eq!(campaign.status, campaigns::CampaignStatus::Sent);
    }
);

both!(
    async fn a_message_that_a_relay_refuses_for_what_it_says_stops_its_campaign_with_the_words(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Dot, "554 5.6.0 message contains a virus").times(1));
        let people = house.enrol(&["ada@example.com", "bob@example.com", "eve@example.com"]).await;
        let (campaign, _) = house.launch().await;
        house.sender(1).tick().await.unwrap();
        let campaign = loop {
            // On PostgreSQL a transaction of another test may stand before the facts.
            campaigns::Watch::default().round(house.db, &house.scheduler().await, house.clock_now()).await.unwrap();
            let campaign = campaigns::find(house.db.reader(), campaign.id).await.unwrap().unwrap();
            if campaign.paused_because.as_ref().is_some_and(|why| why.words.is_some()) {
                break campaign;
            }
            assert_eq!(db.database().backend(), DbBackend::Postgres, "{campaign:?}");
        };
        assert_eq!(campaign.status, campaigns::CampaignStatus::Paused);
        let why = campaign.paused_because.unwrap();
        assert_eq!((why.cause, why.words.as_deref()), (limits::Cause::Content, Some("message contains a virus")));
        for who in people {
            let standing = subscribers::suppression::active_for_subscriber(house.db.reader(), who).await.unwrap();
            assert!(standing.is_empty(), "what the message says is nobody's fault who gets it");
        }
    }
);

both!(
    async fn every_answer_ends_where_it_should(db: TestDb) {
        let house = House::new(&db).await;
        let refuse = |who: &str, line: &str| house.sink.add(Rule::reply(Moment::Rcpt, line).to(who));
        refuse("gone", "550 5.1.1 no such user here");
        refuse("policy", "550 5.7.1 message rejected due to policy");
        house.sink.add(Rule::reply(Moment::Rcpt, "450 4.2.0 greylisted, try again later").to("grey").times(2));
        house.sink.add(Rule::reply(Moment::Dot, "451 4.3.0 later").to("late").times(1));
        house.sink.add(Rule::reply(Moment::Data, "421 4.3.2 closing").to("busy").times(1));
        let people = house.enrol(&["well@example.com", "gone@example.com", "policy@example.com"]).await;
        house.enrol(&["grey@example.com", "late@example.com", "busy@example.com"]).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(2);

        let tick = sender.tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 1, deferred: 3, failed: 2, ..Tally::default() });
        house.audit(mailing).await;
        assert_eq!(sender.tick().await.unwrap().tally, Tally::default(), "nothing is tried before its time");
        house.advance_minutes(6);
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 2, deferred: 1, ..Tally::default() });
        house.advance_minutes(17);
        assert_eq!(sender.tick().await.unwrap().tally, Tally { sent: 1, ..Tally::default() });

        house.audit(mailing).await;
        let found = house.by_person(mailing).await;
        let story = |who: &str| {
            let (delivery, attempts) = &found[who];
            let attempts: Vec<_> = attempts.iter().map(|one| (one.phase.unwrap(), one.code, one.outcome)).collect();
            (delivery.state, attempts)
        };
        assert_eq!(story("well"), (State::Sent, vec![(Phase::Dot, Some(250), State::Sent)]));
        assert_eq!(story("gone"), (State::Failed, vec![(Phase::RcptTo, Some(550), State::Failed)]));
        assert_eq!(story("policy"), (State::Failed, vec![(Phase::RcptTo, Some(550), State::Failed)]));
        let put_off = (Phase::RcptTo, Some(450), State::Deferred);
        assert_eq!(story("grey"), (State::Sent, vec![put_off, put_off, (Phase::Dot, Some(250), State::Sent)]));
        let dot = (Phase::Dot, Some(250), State::Sent);
        assert_eq!(story("late"), (State::Sent, vec![(Phase::Dot, Some(451), State::Deferred), dot]));
        assert_eq!(story("busy"), (State::Sent, vec![(Phase::Data, Some(421), State::Deferred), dot]));

        let suppressed = |at: usize| subscribers::suppression::active_for_subscriber(house.db.reader(), people[at]);
        assert_eq!(suppressed(1).await.unwrap().len(), 1, "who is gone is not written to again");
        assert_eq!(suppressed(2).await.unwrap().len(), 0, "a policy refusal is our problem, not theirs");
        assert_eq!(facts(&house, 6).await, (4, 2));
    }
);

both!(
    async fn a_delivery_that_is_put_off_for_three_days_has_failed(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Rcpt, "452 4.2.2 mailbox full"));
        house.enrol(&["full@example.com"]).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(1);
        let mut tally = Tally::default();
        for _ in 0..20 {
            tally += sender.tick().await.unwrap().tally;
            house.advance_minutes(9 * 60);
        }
        assert_eq!((tally.failed, house.counts(mailing).await.failed), (1, 1));
        assert_eq!(house.by_person(mailing).await["full"].1.len(), 15);
    }
);

both!(
    async fn a_relay_that_ends_connections_without_a_word_costs_no_attempt(db: TestDb) {
        let script = Script { messages_per_connection: Some(2), ..Script::default() };
        let house = House::with(&db, script, ::limits::Settings::default()).await;
        house.enrol_many(9).await;
        let (_, mailing) = house.launch().await;
        let tick = house.sender(2).tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 9, ..Tally::default() });
        assert!(house.by_person(mailing).await.values().all(|(_, attempts)| attempts.len() == 1));
        house.audit(mailing).await;
    }
);

both!(
    async fn so_does_one_that_says_421_after_some_messages(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Mail, "421 4.7.0 too many messages on this connection").after(3));
        house.enrol_many(8).await;
        let (_, mailing) = house.launch().await;
        let tick = house.sender(1).tick().await.unwrap();
        assert_eq!(tick.tally, Tally { sent: 8, ..Tally::default() });
        assert_eq!(house.sink.connections(), 3);
        house.audit(mailing).await;
    }
);

/// How many facts tell of mails sent and failed, once there are so many. On PostgreSQL a reader waits for transactions that are
/// open anywhere on the server, and other tests have some.
async fn facts(house: &House<'_>, enough: usize) -> (usize, usize) {
    let read = async {
        loop {
            let facts = activity::read(house.db.reader(), "test", 100).await.unwrap();
            if facts.len() >= enough {
                break facts;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let facts = tokio::time::timeout(Duration::from_secs(30), read).await.unwrap();
    let failed = facts.iter().filter(|(_, fact)| fact.kind == activity::Kind::Failed);
    assert!(failed.into_iter().all(|(_, fact)| fact.detail.as_ref().is_some_and(|detail| detail["class"].is_string())));
    let count = |kind| facts.iter().filter(|(_, fact)| fact.kind == kind).count();
    (count(activity::Kind::Sent), count(activity::Kind::Failed))
}

both!(
    async fn a_refusal_waits_for_whoever_acts_on_the_person_and_ends_neither(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Rcpt, "550 5.1.1 no such user"));
        let ada = house.enrol(&["ada@example.org"]).await[0];
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(1);
        let erasure = house.db.begin().await.unwrap();
        assert!(subscribers::hold(&erasure, ada).await.unwrap());
        let erase = async {
            waits_for_a_lock(house.db).await;
            outbox::forget(&erasure, ada).await.unwrap();
            erasure.commit().await.unwrap();
        };
        let (tick, ()) = tokio::join!(sender.tick(), erase);
        assert_eq!(tick.unwrap().tally.failed + house.counts(mailing).await.skipped.unsigned_abs(), 1);
        house.audit(mailing).await;
    }
);

/// Until another transaction waits for what this one holds. On SQLite it waits before it begins.
async fn waits_for_a_lock(db: &database::Database) {
    let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    if db.backend() != DbBackend::Postgres {
        return;
    }
    while db.reader().query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().is_none() {}
}
