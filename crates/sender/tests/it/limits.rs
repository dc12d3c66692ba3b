//! Limits, pauses, and people who leave in the middle.

use std::time::Duration;

use domain::Actor;
use outbox::State;
use sender::Tally;
use subscribers::opt_out::{Leave, What};
use subscribers::{Evidence, Source};
use testkit::smtp::{Deed, Moment, Rule, Script};
use testkit::{TestDb, both};

use crate::house::House;

fn global(rate: &str) -> ::limits::Settings {
    ::limits::Settings::relay(rate.parse().unwrap())
}

both!(
    async fn no_more_is_sent_than_the_limit_lets_go(db: TestDb) {
        let house = House::with(&db, Script::default(), global("2/s")).await;
        house.enrol_many(7).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(4);
        for expected in [2, 4, 6, 7] {
            let tick = sender.tick().await.unwrap();
            assert_eq!(house.sink.count(), expected);
            if expected < 7 {
                assert_eq!(tick.wait, Some(Duration::from_millis(500)));
            }
            house.clock.advance(Duration::from_secs(1));
        }
        house.audit(mailing).await;
    }
);

both!(
    async fn who_leaves_in_the_middle_gets_nothing_more(db: TestDb) {
        let house = House::with(&db, Script::default(), global("1/s")).await;
        let people = house.enrol_many(6).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(2);
        sender.tick().await.unwrap();
        for person in &people[1..] {
            leave(&house, *person).await;
        }
        let mut tally = Tally::default();
        for _ in 0..6 {
            house.clock.advance(Duration::from_secs(1));
            tally += sender.tick().await.unwrap().tally;
        }
        assert_eq!(tally, Tally { skipped: 5, ..Tally::default() });
        assert_eq!(house.sink.count(), 1);
        let why = house.deliveries(mailing).await.into_iter().filter_map(|one| one.skipped_why).collect::<Vec<_>>();
        assert_eq!(why, ["not_subscribed"; 5]);
        house.audit(mailing).await;
    }
);

both!(
    async fn a_claim_that_is_held_for_seconds_is_looked_at_again(db: TestDb) {
        let house = House::with(&db, Script::default(), global("1/s")).await;
        let people = house.enrol_many(5).await;
        let (_, mailing) = house.launch().await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = house.sender(1).run(async {
            let _ = stopped.await;
        });
        let (tally, ()) = tokio::join!(running, async {
            // All five are claimed and were allowed; the first goes, and then everybody leaves.
            house.sink.wait_for(1).await;
            for person in people {
                leave(&house, person).await;
            }
            house.clock.advance(Duration::from_millis(2_500));
            while house.counts(mailing).await.queued > 0 && house.sink.count() == 1 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            stop.send(()).unwrap();
        });
        assert_eq!(tally, Tally { sent: 1, skipped: 4, ..Tally::default() });
        house.audit(mailing).await;
    }
);

both!(
    async fn who_leaves_while_a_second_connection_is_made_is_asked_anew(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Mail, "421 4.7.0 enough of this connection").after(1));
        house.sink.add(Rule::new(Moment::Connect, Deed::Delay(Duration::from_millis(300))));
        let people = house.enrol_many(2).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(1);
        let (tick, ()) = tokio::join!(sender.tick(), async {
            while house.sink.connections() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            leave(&house, people[1]).await;
            house.clock.advance(Duration::from_secs(5));
        });
        assert_eq!(tick.unwrap().tally, Tally { sent: 1, deferred: 1, skipped: 1, ..Tally::default() });
        let said = house.sink.commands().iter().filter(|line| line.starts_with("MAIL")).count();
        assert_eq!((house.sink.count(), said), (1, 2), "nothing is begun on the second connection");
        house.audit(mailing).await;
    }
);

both!(
    async fn a_campaign_that_is_paused_is_not_begun_and_goes_on_where_it_was(db: TestDb) {
        let house = House::with(&db, Script::default(), global("2/s")).await;
        house.enrol_many(4).await;
        let (campaign, mailing) = house.launch().await;
        let mut sender = house.sender(2);
        assert_eq!(sender.tick().await.unwrap().tally.sent, 2);
        campaigns::pause(house.db, campaign.id, None, &Actor::Operator, house.clock_now()).await.unwrap();
        house.clock.advance(Duration::from_secs(5));
        assert_eq!(sender.tick().await.unwrap().tally, Tally::default());
        campaigns::resume(house.db, campaign.id, None, &Actor::Operator, house.clock_now()).await.unwrap();
        assert_eq!(sender.tick().await.unwrap().tally.sent, 2);
        house.audit(mailing).await;
    }
);

both!(
    async fn a_provider_that_blocks_us_is_left_alone_and_the_others_are_not(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Rcpt, "421 4.7.28 unusual rate of mail").to("g1").times(1));
        house.enrol(&["g1@gmail.com", "g2@gmail.com", "g3@gmail.com", "ada@example.com", "bob@example.com"]).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(1);
        let first = sender.tick().await.unwrap().tally;
        assert_eq!((first.deferred, house.counts(mailing).await.queued), (1, 2), "{first:?}");
        let pauses = ::limits::pause::active(house.db.reader(), house.clock_now()).await.unwrap();
        assert_eq!(pauses.iter().map(|pause| pause.provider.as_str()).collect::<Vec<_>>(), ["gmail"]);
        assert_eq!(pauses[0].actor, Actor::rule("sender.block"));
        house.clock.advance((pauses[0].until - house.clock_now()).to_std().unwrap());
        // It asked for less, so they go one after the other.
        let mut sent = 0;
        for _ in 0..3 {
            house.clock.advance(Duration::from_secs(2));
            sent += sender.tick().await.unwrap().tally.sent;
        }
        assert_eq!(sent, 3);
        assert!(house.deliveries(mailing).await.iter().all(|one| one.state == State::Sent));
        house.audit(mailing).await;
    }
);

both!(
    async fn a_provider_that_asks_for_less_gets_half_as_much_after_its_pause_and_the_others_do_not(db: TestDb) {
        let limit = ::limits::Limit::rate("2/s".parse().unwrap());
        let limits = ::limits::Settings { providers: [("gmail".parse().unwrap(), limit)].into(), ..global("100/s") };
        let house = House::with(&db, Script::default(), limits).await;
        house.sink.add(Rule::reply(Moment::Rcpt, "421 4.7.28 unusual rate of mail").to("g1").times(1));
        house.enrol(&["g1@gmail.com", "g2@gmail.com", "g3@gmail.com", "ada@example.com", "bob@example.com"]).await;
        house.launch().await;
        let mut sender = house.sender(1);
        assert_eq!(sender.tick().await.unwrap().tally.deferred, 1);
        let paces = ::limits::pace::active(house.db.reader(), house.clock_now()).await.unwrap();
        let [pace] = &paces[..] else { panic!("{paces:?}") };
        assert_eq!((pace.provider.as_str(), pace.whole, pace.slowed), ("gmail", 7_200, 3_600));
        assert_eq!((pace.rule.as_str(), pace.words.as_str()), ("reputation.google-guidelines", "unusual rate of mail"));
        let pauses = ::limits::pause::active(house.db.reader(), house.clock_now()).await.unwrap();
        assert_eq!(pace.recovers_from, pauses[0].until);
        house.clock.advance((pauses[0].until - house.clock_now()).to_std().unwrap());
        assert_eq!(sender.tick().await.unwrap().tally.sent, 1, "one a second");
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(sender.tick().await.unwrap().tally.sent, 1);
    }
);

both!(
    async fn a_provider_comes_back_step_by_step_from_what_a_rule_has_said_and_not_from_what_staff_have(db: TestDb) {
        let limit = ::limits::Limit::rate("2/s".parse().unwrap());
        let limits = ::limits::Settings { providers: [("gmail".parse().unwrap(), limit)].into(), ..global("100/s") };
        let house = House::with(&db, Script::default(), limits).await;
        house.enrol(&["g1@gmail.com", "g2@gmail.com", "g3@gmail.com"]).await;
        house.launch().await;
        let (now, mut sender) = (house.clock_now(), house.sender(1));
        let until = now + chrono::TimeDelta::hours(1);
        for (provider, actor) in [("gmail", Actor::rule("share.refusals")), ("yahoo", Actor::Operator)] {
            let (db, provider) = (house.db.writer(), provider.parse().unwrap());
            ::limits::pause::set(db, &provider, until, "share.refusals", "12 of 200", &actor, now).await.unwrap();
        }
        assert_eq!(sender.tick().await.unwrap().tally.sent, 0);
        let paces = ::limits::pace::active(house.db.reader(), now).await.unwrap();
        let [pace] = &paces[..] else { panic!("{paces:?}") };
        assert_eq!((pace.provider.as_str(), pace.whole, pace.slowed), ("gmail", 7_200, 1_800));
        assert_eq!((pace.rule.as_str(), pace.words.as_str()), ("share.refusals", "12 of 200"));
        house.clock.advance(Duration::from_secs(3_600));
        assert_eq!(sender.tick().await.unwrap().tally.sent, 1);
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(sender.tick().await.unwrap().tally.sent, 0, "one in two seconds");
        house.clock.advance(Duration::from_secs(1));
        assert_eq!(sender.tick().await.unwrap().tally.sent, 1);
    }
);

/// Takes a person off the list for the offers.
pub(crate) async fn leave(house: &House<'_>, subscriber: domain::SubscriberId) {
    let leave = Leave {
        subscriber,
        what: What::Topic(house.topics[0].id),
        source: Source::OneClick,
        actor: Actor::Subscriber(subscriber),
        evidence: Evidence::none(),
    };
    subscribers::opt_out::leave(house.db, &leave, house.clock_now()).await.unwrap();
}
