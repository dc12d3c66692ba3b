//! The end of a sender.

use std::time::Duration;

use sender::{Settings, Tally};
use testkit::smtp::{Deed, Moment, Rule};
use testkit::{TestDb, both};

use crate::house::House;

both!(
    async fn what_the_relay_answers_in_time_is_written_down(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::new(Moment::Dot, Deed::Delay(Duration::from_millis(200))));
        house.enrol_many(20).await;
        let (_, mailing) = house.launch().await;
        let tally = house.sender(3).run(house.sink.wait_for(3)).await;
        let counts = house.counts(mailing).await;
        assert_eq!((counts.in_doubt, counts.submitting), (0, 0), "{counts:?}");
        assert_eq!(tally.sent, u64::try_from(house.sink.count()).unwrap());
        assert!(tally.sent < 20, "it stopped in the middle");
        // The rest is not waited for: its lease was given back.
        let rest = house.sender(3).tick().await.unwrap().tally;
        assert_eq!(tally.sent + rest.sent, 20);
        house.audit(mailing).await;
    }
);

both!(
    async fn what_it_does_not_answer_is_in_doubt_and_no_more_than_there_are_connections(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::hang(Moment::Dot).to("p2"));
        house.sink.add(Rule::hang(Moment::Rcpt).to("p4"));
        house.enrol_many(20).await;
        let (_, mailing) = house.launch().await;
        let patient = |settings: Settings| {
            let relay = relay_that_waits(&house);
            Settings { connections: 3, drain: Duration::from_millis(300), relay, ..settings }
        };
        let tally = house.sender_with(patient).run(house.sink.wait_for(12)).await;
        assert_eq!(tally.in_doubt, 1, "{tally:?}");
        assert_eq!(house.counts(mailing).await.submitting, 0);
        house.sink.forgive();
        let rest = house.sender(3).tick().await.unwrap().tally;
        assert_eq!(tally.sent + rest.sent, 19, "what never came to its dot is sent at once: {tally:?} {rest:?}");
        house.audit(mailing).await;
    }
);

both!(
    async fn a_sender_without_work_stops_at_once(db: TestDb) {
        let house = House::new(&db).await;
        assert_eq!(house.sender(2).run(std::future::ready(())).await, Tally::default());
    }
);

fn relay_that_waits(house: &House<'_>) -> sender::relay::Relay {
    sender::relay::Relay::new(sender::relay::Settings {
        policy: sender::relay::Policy::None,
        ..sender::relay::Settings::new(house.sink.url().parse().unwrap())
    })
    .unwrap()
}
