//! Who goes first, and who waits for whom, where a limit is short.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::{Actor, MailingNo};
use limits::{Limit, Settings};
use sender::Sender;
use testkit::smtp::{Deed, Moment, Rule, Script};
use testkit::{TestDb, both};

use crate::house::{House, with_connections};

fn rate(text: &str) -> Limit {
    Limit::rate(text.parse().unwrap())
}

/// Ticks every so often; says how many had come after each tick.
async fn ticks(house: &House<'_>, sender: &mut Sender, number: usize, every: Duration) {
    for _ in 0..number {
        sender.tick().await.unwrap();
        house.clock.advance(every);
    }
}

/// Lets so many twentieths of a second pass, and the sender do its work in each.
async fn pass(house: &House<'_>, steps: u32) {
    for _ in 0..steps {
        house.clock.advance(Duration::from_millis(50));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn sent(house: &House<'_>, mailing: MailingNo) -> i64 {
    house.counts(mailing).await.sent
}

/// How many of each are sent, once they are so many together, or after a while in which a busy machine would have caught up.
async fn both_of(house: &House<'_>, first: MailingNo, second: MailingNo, together: i64) -> (i64, i64) {
    for _ in 0..600 {
        let (one, two) = (sent(house, first).await, sent(house, second).await);
        if one + two >= together {
            return (one, two);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    (sent(house, first).await, sent(house, second).await)
}

both!(
    async fn two_campaigns_get_half_each_in_any_ten_seconds(db: TestDb) {
        let house = House::with(&db, Script::default(), Settings::relay("10/s".parse().unwrap())).await;
        house.enrol_many(300).await;
        let (_, first) = house.launch().await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(house.sender(4).run(async {
            let _ = stopped.await;
        }));
        while sent(&house, first).await < 20 {
            pass(&house, 1).await;
        }
        let (_, second) = house.launch().await;
        while sent(&house, second).await == 0 {
            pass(&house, 1).await;
        }
        let mut by_tick = vec![(sent(&house, first).await, sent(&house, second).await)];
        let before = by_tick[0].0 + by_tick[0].1;
        for quarter in 1..=80 {
            pass(&house, 5).await;
            by_tick.push(both_of(&house, first, second, before + quarter * 10 / 4 - 2).await);
        }
        stop.send(()).unwrap();
        running.await.unwrap();
        for ten_seconds in by_tick.windows(41) {
            let (begin, end) = (ten_seconds[0], ten_seconds[40]);
            let (one, two) = (end.0 - begin.0, end.1 - begin.1);
            assert!((90..=112).contains(&(one + two)), "{one} and {two}");
            assert!((one - two).abs() * 10 <= one + two, "{one} and {two}");
        }
        // Nor is it a batch of one and then a batch of the other.
        for two_seconds in by_tick.windows(9) {
            let (begin, end) = (two_seconds[0], two_seconds[8]);
            let (one, two) = (end.0 - begin.0, end.1 - begin.1);
            assert!(one >= 5 && two >= 5, "{one} and {two}");
        }
    }
);

both!(
    async fn what_somebody_waits_for_goes_within_two_seconds_of_a_campaign_under_way(db: TestDb) {
        let house = House::with(&db, Script::default(), Settings::relay("5/s".parse().unwrap())).await;
        house.enrol_many(60).await;
        let (campaign, _) = house.launch().await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = house.sender(2).run(async {
            let _ = stopped.await;
        });
        let ((), _) = tokio::join!(
            async {
                house.sink.wait_for(5).await;
                let to = "boss@example.org".parse().unwrap();
                campaigns::test_mail(house.db, campaign.id, to, &Actor::Operator, house.clock_now()).await.unwrap();
                let before = house.sink.count();
                // Of the campaign there is enough in hand for many seconds.
                let mut waited = Duration::ZERO;
                while !house.sink.by_recipient().contains_key("boss@example.org") {
                    pass(&house, 1).await;
                    waited += Duration::from_millis(50);
                }
                assert!(waited <= Duration::from_secs(2), "{waited:?}");
                assert!(house.sink.count() - before <= 11);
                stop.send(()).unwrap();
            },
            running
        );
    }
);

both!(
    async fn what_somebody_waits_for_overtakes_what_is_in_hand_where_the_relay_is_slow(db: TestDb) {
        let house = House::new(&db).await;
        house.sink.add(Rule::new(Moment::Dot, Deed::Delay(Duration::from_millis(20))).to("p*"));
        house.enrol_many(300).await;
        let (campaign, _) = house.launch().await;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = house.sender(2).run(async {
            let _ = stopped.await;
        });
        let ((), _) = tokio::join!(
            async {
                house.sink.wait_for(5).await;
                let to = "boss@example.org".parse().unwrap();
                campaigns::test_mail(house.db, campaign.id, to, &Actor::Operator, house.clock_now()).await.unwrap();
                while !house.sink.by_recipient().contains_key("boss@example.org") {
                    pass(&house, 1).await;
                }
                // There is a batch of 200 in hand, and no limit that would hold it back.
                assert!(house.sink.count() <= 150, "{} before it", house.sink.count());
                stop.send(()).unwrap();
            },
            running
        );
    }
);

both!(
    async fn a_campaign_that_waits_for_its_limit_stalls_no_other(db: TestDb) {
        let settings = Settings { campaign: rate("6/m"), ..Settings::default() };
        let house = House::with(&db, Script::default(), settings).await;
        house.enrol_many(30).await;
        let mut mailings = Vec::new();
        for _ in 0..20 {
            mailings.push(house.launch().await.1);
        }
        let mut sender = house.sender(2);
        // More campaigns than there is room for in hand, each with one in ten seconds.
        ticks(&house, &mut sender, 4, Duration::from_secs(10)).await;
        for mailing in mailings {
            assert_eq!(sent(&house, mailing).await, 4);
        }
    }
);

both!(
    async fn a_relay_sees_no_connection_too_many_of_two_instances(db: TestDb) {
        let limit = Limit { connections: NonZeroU32::new(3), ..Limit::default() };
        let house = House::with(&db, Script::default(), Settings { relay: limit, ..Settings::default() }).await;
        house.enrol_many(120).await;
        let (_, mailing) = house.launch().await;
        let (mut stops, mut running) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
            stops.push(stop);
            running.push(tokio::spawn(
                house.sender_with(|settings| sender::Settings { batch: 10, ..with_connections(settings, 4) }).run(
                    async {
                        let _ = stopped.await;
                    },
                ),
            ));
        }
        while sent(&house, mailing).await < 120 {
            house.clock.advance(Duration::from_millis(100));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for (stop, running) in stops.into_iter().zip(running) {
            stop.send(()).unwrap();
            running.await.unwrap();
        }
        assert!(house.sink.most_connections() <= 3, "{} connections", house.sink.most_connections());
        house.audit(mailing).await;
    }
);

both!(
    async fn a_connection_carries_no_more_of_a_provider_s_mail_than_it_takes(db: TestDb) {
        let limit = Limit { messages_per_connection: NonZeroU32::new(2), ..Limit::default() };
        let settings = Settings { providers: [("gmail".parse().unwrap(), limit)].into(), ..Settings::default() };
        let house = House::with(&db, Script::default(), settings).await;
        house.enrol(&["a@gmail.com", "b@gmail.com", "c@gmail.com", "d@gmail.com", "e@gmail.com"]).await;
        house.launch().await;
        assert_eq!(house.sender(1).tick().await.unwrap().tally.sent, 5);
        assert_eq!(house.sink.connections(), 3);
    }
);

both!(
    async fn nine_tenths_of_the_audience_in_a_blocked_lane_leave_the_others_their_rate(db: TestDb) {
        let house = House::with(&db, Script::default(), Settings::relay("10/s".parse().unwrap())).await;
        house.sink.add(Rule::reply(Moment::Rcpt, "450 4.7.28 unusual rate of mail").to("g*"));
        let person =
            |number| if number % 10 == 0 { format!("p{number}@example.com") } else { format!("g{number}@gmail.com") };
        let people: Vec<String> = (1..=300).map(person).collect();
        house.enrol(&people.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (_, mailing) = house.launch().await;
        let mut sender = house.sender(1);
        let mut tenths = 0;
        while sent(&house, mailing).await < 30 {
            ticks(&house, &mut sender, 1, Duration::from_millis(100)).await;
            tenths += 1;
            assert!(tenths <= 100, "{:?}", house.counts(mailing).await);
        }
        // Thirty at ten a second take three seconds.
        assert!(tenths * 9 <= 30 * 10, "{tenths} tenths of a second");
        house.audit(mailing).await;
    }
);
