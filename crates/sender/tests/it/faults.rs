//! Relays that fail, and workers that lose their claim.

use std::time::Duration;

use outbox::{Phase, State};
use sender::Tally;
use testkit::smtp::{Deed, Moment, Rule, Script, SmtpSink};
use testkit::{TestDb, both};

use crate::house::{House, with_connections};

both!(
    async fn a_relay_that_hangs_or_drops_in_any_phase_doubles_nothing(db: TestDb) {
        let mut house = House::new(&db).await;
        house.enrol_many(3).await;
        for deed in [Deed::Hang, Deed::Drop] {
            for moment in [Moment::Mail, Moment::Rcpt, Moment::Data, Moment::Body, Moment::Dot] {
                house.sink = SmtpSink::start().await;
                house.sink.add(Rule::new(moment, deed.clone()).times(1));
                let (_, mailing) = house.launch().await;
                let mut sender = house.sender(1);
                let first = sender.tick().await.unwrap().tally;
                // A small message leaves together with its dot, so a break in the body is a break behind the dot.
                let doubt = u64::from(matches!(moment, Moment::Body | Moment::Dot));
                let case = format!("{deed:?} {moment:?}");
                assert_eq!(
                    first,
                    Tally { sent: 2, deferred: 1 - doubt, in_doubt: doubt, ..Tally::default() },
                    "{case}"
                );
                house.advance_minutes(6);
                let second = sender.tick().await.unwrap().tally;
                assert_eq!(second, Tally { sent: 1 - doubt, ..Tally::default() }, "{case}: what is in doubt is held");
                house.audit(mailing).await;
            }
        }
    }
);

both!(
    async fn a_relay_that_is_down_is_waited_for_and_costs_no_attempt(db: TestDb) {
        let mut house = House::new(&db).await;
        house.enrol_many(5).await;
        let (_, mailing) = house.launch().await;
        let address = house.sink.address();
        house.sink.stop().await;
        let mut sender = house.sender(2);
        let tick = sender.tick().await.unwrap();
        assert_eq!(tick.tally, Tally::default());
        assert!(tick.relay.unwrap().starts_with(&format!("no connection to {address} (phase connect)")));
        assert_eq!(house.counts(mailing).await.queued, 5);

        house.sink = SmtpSink::bind(address, Script::default()).await;
        assert_eq!(sender.tick().await.unwrap().tally, Tally::default(), "it is not tried again at once");
        house.clock.advance(Duration::from_secs(2));
        let tick = sender.tick().await.unwrap();
        assert_eq!((tick.tally.sent, tick.relay), (5, None));
        assert!(house.by_person(mailing).await.values().all(|(_, attempts)| attempts.len() == 1));
        house.audit(mailing).await;
    }
);

both!(
    async fn a_relay_that_refuses_every_connection_loses_nothing(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::reply(Moment::Connect, "421 4.3.2 not now").times(1));
        house.sink.add(Rule::reply(Moment::Ehlo, "554 5.7.1 go away").times(1));
        house.sink.add(Rule::hang(Moment::Connect).times(1));
        house.enrol_many(3).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(1);
        for _ in 0..3 {
            assert_eq!(sender.tick().await.unwrap().tally, Tally::default());
            house.clock.advance(Duration::from_secs(60));
        }
        assert_eq!(sender.tick().await.unwrap().tally.sent, 3);
        house.audit(mailing).await;
    }
);

both!(
    async fn a_worker_that_was_frozen_past_its_lease_sends_no_dot_and_nobody_is_mailed_twice(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::new(Moment::Data, Deed::Delay(Duration::from_millis(300))).times(1));
        house.enrol(&["ada@example.com"]).await;
        let (_, mailing) = house.launch().await;
        let (mut frozen, mut other) = (house.sender(1), house.sender(1));
        let (tick, ()) = tokio::join!(frozen.tick(), async {
            while !house.sink.commands().iter().any(|line| line == "DATA") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // The claim ends while the relay takes its time, and another instance finds what it left behind.
            house.clock.advance(Duration::from_secs(600));
            assert_eq!(other.tick().await.unwrap().tally, Tally::default());
            assert_eq!(house.counts(mailing).await.in_doubt, 1);
        });
        // The dot was withheld; that is known, so the doubt is over and the delivery is claimed anew.
        assert_eq!(tick.unwrap().tally, Tally { deferred: 1, sent: 1, ..Tally::default() });
        let (_, attempts) = &house.by_person(mailing).await["ada"];
        let story: Vec<_> = attempts.iter().map(|one| (one.phase, one.outcome, one.late)).collect();
        assert_eq!(story, [(Some(Phase::Body), State::Deferred, true), (Some(Phase::Dot), State::Sent, false)]);
        house.audit(mailing).await;
    }
);

both!(
    async fn two_instances_share_the_work_and_double_nothing(db: TestDb) {
        let house = House::new(&db).await;
        house.enrol_many(60).await;
        let (_, mailing) = house.launch().await;
        let small = |settings| sender::Settings { batch: 7, ..with_connections(settings, 2) };
        let (mut one, mut two) = (house.sender_with(small), house.sender_with(small));
        let (first, second) = tokio::join!(one.tick(), two.tick());
        let (first, second) = (first.unwrap().tally, second.unwrap().tally);
        assert_eq!(first.sent + second.sent, 60);
        house.audit(mailing).await;
    }
);
