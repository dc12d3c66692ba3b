//! The end of a sender.

use std::time::Duration;

use outbox::{Phase, State};
use sender::{Outlet, Settings, Tally};
use testkit::smtp::{Deed, Moment, Rule, SmtpSink};
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
            let route = relay_that_waits(&house);
            Settings { outlets: vec![Outlet::new(route, 3)], drain: Duration::from_millis(300), ..settings }
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
    async fn a_refusal_that_was_heard_counts_although_the_relay_says_no_more(db: TestDb) {
        let mut house = House::new(&db).await;
        house.enrol_many(1).await;
        for (line, state, minutes) in
            [("450 4.2.0 greylisted", State::Deferred, 4), ("550 5.7.1 policy", State::Failed, 0)]
        {
            house.sink = SmtpSink::start().await;
            // In one go with RCPT, and behind its answer.
            house.sink.add(Rule::reply(Moment::Rcpt, line));
            house.sink.add(Rule::hang(Moment::Data));
            let (_, mailing) = house.launch().await;
            let heard = async {
                while !house.sink.commands().iter().any(|line| line == "DATA") {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let route = relay_that_waits(&house);
            let outlets = vec![Outlet::new(route, 1)];
            let short = |settings| Settings { outlets, drain: Duration::from_millis(300), ..settings };
            house.sender_with(short).run(heard).await;
            let (delivery, attempts) = &house.by_person(mailing).await["p1"];
            assert_eq!((delivery.state, attempts[0].phase), (state, Some(Phase::RcptTo)), "{line}");
            assert!(attempts[0].code.is_some_and(|code| line.starts_with(&code.to_string())), "{attempts:?}");
            let wait = delivery.due_at.map_or(chrono::TimeDelta::zero(), |due| due - house.clock_now());
            assert!(wait >= chrono::TimeDelta::minutes(minutes), "{line}: again in {wait}");
        }
    }
);

both!(
    async fn a_sender_without_work_stops_at_once(db: TestDb) {
        let house = House::new(&db).await;
        assert_eq!(house.sender(2).run(std::future::ready(())).await, Tally::default());
    }
);

/// One that is waited for in patience.
pub(crate) fn relay_that_waits(house: &House<'_>) -> sender::relay::Relay {
    sender::relay::Relay::new(sender::relay::Settings {
        policy: sender::relay::Policy::None,
        ..sender::relay::Settings::new(house.sink.url().parse().unwrap())
    })
    .unwrap()
}
