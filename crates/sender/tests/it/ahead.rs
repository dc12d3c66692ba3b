//! A worker that has its next message ahead, while the last one is under way, is held to all that holds for the others.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::{Actor, CampaignId, Clock, MailboxProvider};
use limits::{Limit, pause};
use sea_orm::{ConnectionTrait, Statement};
use sender::{Outlet, Settings, Tally};
use testkit::smtp::{Hold, Moment, Rule, Script};
use testkit::{TestDb, both};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::house::House;
use crate::limits::leave;
use crate::stopping::relay_that_waits;

/// A sender under way, and what stops it.
struct Running {
    stop: oneshot::Sender<()>,
    sender: JoinHandle<Tally>,
}

impl Running {
    fn start(house: &House<'_>, connections: u32, batch: u32) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let outlets = vec![Outlet::new(relay_that_waits(house), connections)];
        let sender = house.sender_with(|settings| Settings { outlets, batch, ..settings });
        let sender = tokio::spawn(sender.run(async {
            let _ = stopped.await;
        }));
        Self { stop, sender }
    }

    async fn stop(self) -> Tally {
        self.stop.send(()).unwrap();
        self.sender.await.unwrap()
    }
}

/// Has a worker wait at the dot of its third message: by then it was quick twice, and has its next message ahead.
fn hold_a_worker(house: &House<'_>) -> Hold {
    let hold = Hold::default();
    house.sink.add(Rule::hold(Moment::Dot, &hold).after(2).times(1));
    hold
}

/// How many rows there are.
async fn count(house: &House<'_>, rows: &str) -> usize {
    let sql = Statement::from_string(house.db.backend(), format!("SELECT 1 FROM {rows}"));
    house.db.reader().query_all_raw(sql).await.unwrap().len()
}

/// Waits until it is seen, and for no longer than a slow machine takes.
#[track_caller]
fn until(what: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let asked_at = std::panic::Location::caller();
    async move {
        for _ in 0..6_000 {
            if what().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("what is waited for at {asked_at} does not come");
    }
}

/// Mails somebody who waits for it, by whichever worker is free.
async fn mail(house: &House<'_>, campaign: CampaignId, to: &str) {
    campaigns::test_mail(house.db, campaign, to.parse().unwrap(), &Actor::Operator, house.clock_now()).await.unwrap();
    until(async || {
        house.clock.advance(Duration::from_millis(50));
        house.sink.by_recipient().contains_key(to)
    })
    .await;
}

both!(
    async fn a_slow_worker_is_given_nothing_ahead_so_that_what_somebody_waits_for_overtakes(db: TestDb) {
        let house = House::new(&db).await;
        let [first, second] = [Hold::default(), Hold::default()];
        [&first, &second].into_iter().for_each(|hold| house.sink.add(Rule::hold(Moment::Dot, hold).times(1)));
        house.enrol_many(4).await;
        let (campaign, _) = house.launch().await;
        let running = Running::start(&house, 1, 200);
        house.sink.wait_for(1).await;
        house.clock.advance(Duration::from_secs(1));
        first.let_go();
        house.sink.wait_for(2).await;
        let (to, now) = ("boss@example.org".parse().unwrap(), house.clock_now());
        campaigns::test_mail(house.db, campaign.id, to, &Actor::Operator, now).await.unwrap();
        until(async || {
            house.clock.advance(Duration::from_millis(50));
            count(&house, "outbox_leases o JOIN mailings m ON m.no = o.mailing_no WHERE m.kind = 'test'").await > 0
        })
        .await;
        second.let_go();
        house.sink.wait_for(3).await;
        assert_eq!(house.sink.messages()[2].recipient(), "boss@example.org");
        running.stop().await;
    }
);

both!(
    async fn who_leaves_while_a_worker_has_their_message_ahead_gets_nothing(db: TestDb) {
        let house = House::new(&db).await;
        let [first, second] = [hold_a_worker(&house), hold_a_worker(&house)];
        let people = house.enrol_many(10).await;
        let (_, mailing) = house.launch().await;
        let running = Running::start(&house, 2, 200);
        house.sink.wait_for(6).await;
        for person in people {
            leave(&house, person).await;
        }
        house.clock.advance(Duration::from_millis(2_500));
        // One worker goes on, so that it is looked anew who of the batch may be mailed: all but whom the other has ahead.
        second.let_go();
        until(async || house.counts(mailing).await.skipped > 0).await;
        first.let_go();
        until(async || house.counts(mailing).await.open() == 0).await;
        assert_eq!(running.stop().await, Tally { sent: 6, skipped: 4, ..Tally::default() });
        assert_eq!(house.sink.count(), 6);
        house.audit(mailing).await;
    }
);

both!(
    async fn a_busy_instance_gives_a_connection_up_to_another_that_has_a_right_to_it(db: TestDb) {
        let relay = Limit { connections: NonZeroU32::new(2), ..Limit::default() };
        let house = House::with(&db, Script::default(), limits::Settings { relay, ..Default::default() }).await;
        let hold = Hold::default();
        house.sink.add(Rule::hold(Moment::Dot, &hold).times(2));
        house.enrol_many(200).await;
        let (_, mailing) = house.launch().await;
        let busy = Running::start(&house, 2, 150);
        house.sink.wait_for(2).await;
        let other = Running::start(&house, 2, 150);
        until(async || count(&house, "connection_slots WHERE wanted > 0").await == 2).await;

        // The busy one says every five seconds how many it has. When it does, both of its workers have a message ahead.
        house.clock.advance(Duration::from_millis(4_990));
        hold.let_go();
        house.sink.wait_for(10).await;
        house.clock.advance(Duration::from_millis(20));
        until(async || house.sink.commands().iter().any(|line| line == "QUIT")).await;
        assert!(house.sink.count() < 150, "not before all that it had in hand was sent");

        until(async || {
            house.clock.advance(Duration::from_millis(50));
            house.counts(mailing).await.sent == 200
        })
        .await;
        let (busy, other) = (busy.stop().await, other.stop().await);
        assert!(other.sent > 0, "{busy:?} and {other:?}");
        assert!(house.sink.most_connections() <= 2);
        house.audit(mailing).await;
    }
);

both!(
    async fn a_provider_that_is_paused_gets_nothing_that_was_given_ahead(db: TestDb) {
        let house = House::new(&db).await;
        let hold = hold_a_worker(&house);
        let emails: Vec<_> = (1..=12).map(|number| format!("g{number}@gmail.com")).collect();
        house.enrol(&emails.iter().map(String::as_str).collect::<Vec<_>>()).await;
        let (campaign, mailing) = house.launch().await;
        let running = Running::start(&house, 2, 200);
        // One worker has the last one ahead; the other has nothing left to do.
        house.sink.wait_for(11).await;
        let (gmail, now): (MailboxProvider, _) = ("gmail".parse().unwrap(), house.clock.now());
        let until_then = now + Duration::from_secs(3_600);
        pause::set(house.db.writer(), &gmail, until_then, "staff", "enough", &Actor::Operator, now).await.unwrap();
        house.clock.advance(Duration::from_secs(1));
        // Whoever sends this has seen the pause.
        mail(&house, campaign.id, "boss@example.org").await;
        hold.let_go();
        until(async || house.counts(mailing).await.sent == 11).await;
        mail(&house, campaign.id, "chief@example.org").await;
        assert_eq!((house.sink.count(), house.counts(mailing).await.queued), (13, 1));
        running.stop().await;

        house.clock.advance(Duration::from_secs(3_600));
        assert_eq!(house.sender(1).tick().await.unwrap().tally.sent, 1);
        house.audit(mailing).await;
    }
);
