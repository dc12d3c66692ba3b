//! Relays that keep a message waiting.

use std::time::Duration;

use domain::Actor;
use outbox::State;
use sender::{Outlet, Settings};
use testkit::smtp::{Hold, Moment, Rule};
use testkit::{TestDb, both};

use crate::house::House;
use crate::limits::leave;
use crate::stopping::relay_that_waits;

/// Time passes by the clock, a second at a time, and the desk has its rounds in each.
async fn pass(house: &House<'_>, seconds: u32) {
    for _ in 0..seconds {
        house.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

both!(
    async fn who_leaves_while_a_relay_thinks_about_data_gets_no_dot_and_the_others_do(db: TestDb) {
        let house = House::new(&db).await;
        let hold = Hold::default();
        house.sink.add(Rule::hold(Moment::Data, &hold));
        let people = house.enrol_many(2).await;
        let (_, mailing) = house.launch().await;
        let patient = |settings| Settings { outlets: vec![Outlet::new(relay_that_waits(&house), 2)], ..settings };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(house.sender_with(patient).run(async {
            let _ = stopped.await;
        }));
        let waiting = || house.sink.commands().iter().filter(|line| *line == "DATA").count();
        while waiting() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        leave(&house, people[0]).await;
        pass(&house, 6).await;
        hold.let_go();
        for _ in 0..60 {
            let counts = house.counts(mailing).await;
            if counts.sent + counts.skipped == 2 {
                break;
            }
            pass(&house, 1).await;
        }
        stop.send(()).unwrap();
        running.await.unwrap();
        let stories = house.by_person(mailing).await;
        assert_eq!((stories["p1"].0.state, stories["p2"].0.state), (State::Skipped, State::Sent));
        assert_eq!((house.sink.count(), stories["p2"].1.len()), (1, 1), "who stays is mailed at the first attempt");
        house.audit(mailing).await;
    }
);

both!(
    async fn a_campaign_that_is_paused_while_a_relay_thinks_gets_no_dot_a_second_later(db: TestDb) {
        let house = House::new(&db).await;
        let hold = Hold::default();
        house.sink.add(Rule::hold(Moment::Data, &hold));
        house.enrol_many(2).await;
        let (campaign, mailing) = house.launch().await;
        let patient = |settings| Settings { outlets: vec![Outlet::new(relay_that_waits(&house), 2)], ..settings };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(house.sender_with(patient).run(async {
            let _ = stopped.await;
        }));
        let waiting = || house.sink.commands().iter().filter(|line| *line == "DATA").count();
        while waiting() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        campaigns::pause(house.db, campaign.id, None, &Actor::Operator, house.clock_now()).await.unwrap();
        pass(&house, 1).await;
        hold.let_go();
        for _ in 0..60 {
            if house.counts(mailing).await.deferred == 2 {
                break;
            }
            pass(&house, 1).await;
        }
        assert_eq!((house.sink.count(), house.counts(mailing).await.deferred), (0, 2), "neither is in doubt");
        campaigns::resume(house.db, campaign.id, None, &Actor::Operator, house.clock_now()).await.unwrap();
        house.sink.forgive();
        for _ in 0..60 {
            if house.counts(mailing).await.sent == 2 {
                break;
            }
            pass(&house, 1).await;
        }
        assert_eq!(house.counts(mailing).await.sent, 2);
        stop.send(()).unwrap();
        running.await.unwrap();
        house.audit(mailing).await;
    }
);

both!(
    async fn what_a_provider_has_said_holds_for_what_is_prepared_by_then(db: TestDb) {
        let house = House::new(&db).await;
        // By then the worker is given its next message while the last one is under way.
        house.sink.add(Rule::reply(Moment::Rcpt, "450 4.7.28 unusual rate of mail").after(2).times(1));
        let people: Vec<String> = (1..=40).map(|number| format!("g{number}@gmail.com")).collect();
        house.enrol(&people.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (_, mailing) = house.launch().await;
        let tally = house.sender(1).tick().await.unwrap().tally;
        let begun = house.sink.commands().iter().filter(|line| line.starts_with("MAIL")).count();
        assert_eq!(begun, 3, "{tally:?}");
        let pauses = ::limits::pause::active(house.db.reader(), house.clock_now()).await.unwrap();
        assert_eq!((pauses.len(), &pauses[0].actor), (1, &Actor::rule("sender.block")));
        house.audit(mailing).await;
    }
);
