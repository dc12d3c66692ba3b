//! Relays that are being warmed up, day by day, on both databases.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use domain::{Actor, CampaignId, Clock, MailboxProvider};
use limits::{Limit, Settings, WarmUp, pause, standings, warm_up};
use testkit::{TestDb, both};

use crate::fleet::{Fleet, RELAY};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const SPARE: &str = "spare";

fn plan(start: u32, growth: &str, ceiling: u32) -> WarmUp {
    let number = |n| NonZeroU32::new(n).unwrap();
    let providers = [("gmx".parse().unwrap(), number(20))].into();
    WarmUp { start: number(start), providers, growth: growth.parse().unwrap(), ceiling: number(ceiling) }
}

fn warming(plans: &[(&str, WarmUp)]) -> Settings {
    let warm_ups = plans.iter().map(|(relay, plan)| ((*relay).to_owned(), plan.clone())).collect();
    Settings { warm_ups, ..Settings::default() }
}

fn provider(name: &str) -> MailboxProvider {
    name.parse().unwrap()
}

/// Lets it be so long after midnight, for the first time.
fn midnight(fleet: &Fleet<'_>) {
    let now = fleet.clock.now();
    let next = (now + TimeDelta::days(1)).date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    fleet.clock.advance((next - now).to_std().unwrap() + Duration::from_secs(1));
}

/// What campaigns get by each of these ways on one day, asked for by all instances in turn. The next day has begun then.
async fn a_day(fleet: &Fleet<'_>, ways: &[(&str, &str)], most: u32) -> Vec<u32> {
    let campaign = CampaignId::new(fleet.clock.now());
    let mut sent = vec![0; ways.len()];
    for _ in 0..4 {
        for instance in 0..fleet.instances.len() {
            for (at, (relay, provider)) in ways.iter().enumerate() {
                let class = fleet.class_through(relay, instance, provider, Some(campaign));
                sent[at] += fleet.take(instance, &class, most / 3 + 1).await.n;
            }
        }
        fleet.clock.advance(DAY / 4);
    }
    sent
}

async fn gmail(fleet: &Fleet<'_>, most: u32) -> u32 {
    a_day(fleet, &[(RELAY, "gmail")], most).await[0]
}

both!(
    async fn thirty_one_days_of_warm_up_are_the_schedule_for_two_instances_and_across_restarts(db: TestDb) {
        let plans = [(RELAY, plan(50, "1.4", 9_999_999)), (SPARE, plan(300, "1.25", 9_999_999))];
        let ways = [(RELAY, "gmail"), (RELAY, "gmx"), (SPARE, "gmail"), (SPARE, "gmx")];
        let mut fleet = Fleet::new(&db, warming(&plans), 2);
        midnight(&fleet);
        for day in 0..31 {
            let amount = |start: f64, growth: f64| (start * growth.powi(day)).round() as u32;
            let schedule = [amount(50.0, 1.4), amount(20.0, 1.4), amount(300.0, 1.25), amount(20.0, 1.25)];
            assert_eq!(a_day(&fleet, &ways, *schedule.iter().max().unwrap()).await, schedule, "on day {day}");
            match day {
                // Both are ended, and others begin.
                9 => {
                    for limits in fleet.instances.drain(..) {
                        limits.surrender(fleet.db, fleet.clock.now()).await.unwrap();
                    }
                    fleet.join();
                    fleet.join();
                }
                // One is killed.
                19 => {
                    fleet.instances.remove(0);
                    fleet.join();
                }
                _ => {}
            }
        }
    }
);

both!(
    async fn the_day_after_one_on_which_something_went_wrong_has_no_more_and_only_at_that_provider(db: TestDb) {
        let fleet = Fleet::new(&db, warming(&[(RELAY, plan(50, "1.4", 9_999))]), 1);
        let (gmail, rule, conn) = (provider("gmail"), Actor::rule("sender.block"), fleet.db.writer());
        midnight(&fleet);
        let mut sent = Vec::new();
        for day in 0..6 {
            let (now, hour) = (fleet.clock.now(), TimeDelta::minutes(10));
            match day {
                // Its breaker opened.
                1 => pause::set(conn, &gmail, now + hour, "reputation.blocklist", "listed", &rule, now).await.unwrap(),
                // A share of refusals was too much of a good thing.
                3 => warm_up::freeze(conn, &gmail, "share.refusals", "3 of 60 attempts", now).await.unwrap(),
                // Somebody at our end wanted a rest: that says nothing of the provider.
                4 => pause::set(conn, &gmail, now + hour, "staff", "later", &Actor::Operator, now).await.unwrap(),
                _ => {}
            }
            sent.push(a_day(&fleet, &[(RELAY, "gmail"), (RELAY, "gmx")], 110).await);
        }
        assert_eq!(sent, [[50, 20], [70, 28], [70, 39], [98, 55], [98, 77], [137, 108]]);
    }
);

both!(
    async fn a_day_that_was_hardly_used_does_not_count(db: TestDb) {
        let fleet = Fleet::new(&db, warming(&[(RELAY, plan(50, "1.4", 9_999))]), 1);
        midnight(&fleet);
        let class = fleet.class(0, "gmail", Some(CampaignId::new(fleet.clock.now())));
        for (asked, granted) in [(24, 24), (25, 25), (99, 70)] {
            assert_eq!(fleet.take(0, &class, asked).await.n, granted);
            fleet.clock.advance(DAY);
        }
        fleet.clock.advance(DAY * 40);
        assert_eq!(gmail(&fleet, 999).await, 98, "nor does a month in which nothing went");
    }
);

both!(
    async fn a_provider_that_never_uses_up_its_amount_keeps_no_launch_in_order(db: TestDb) {
        let fleet = Fleet::new(&db, warming(&[(RELAY, plan(50, "2", 100))]), 1);
        midnight(&fleet);
        let plan = &fleet.settings.warm_ups[RELAY];
        let is_under_way =
            async || warm_up::is_under_way(fleet.db.reader(), RELAY, plan, fleet.clock.now()).await.unwrap();
        // At gmail it is over on the second day.
        assert_eq!(a_day(&fleet, &[(RELAY, "gmail")], 999).await, [50]);
        assert_eq!(gmail(&fleet, 300).await, 4 * 101);
        let yahoo = fleet.class(0, "yahoo", Some(CampaignId::new(fleet.clock.now())));
        assert_eq!(fleet.take(0, &yahoo, 3).await.n, 3);
        assert!(is_under_way().await, "nobody knows yet how much goes there today");
        fleet.clock.advance(DAY);
        assert!(!is_under_way().await);
        assert_eq!(fleet.take(0, &yahoo, 999).await.n, 50);
        fleet.clock.advance(DAY);
        assert!(is_under_way().await, "there is more than goes");
    }
);

both!(
    async fn what_is_warmed_up_takes_everything_and_is_not_asked_about_any_more(db: TestDb) {
        let fleet = Fleet::new(&db, warming(&[(RELAY, plan(50, "2", 100))]), 1);
        midnight(&fleet);
        assert!(
            warm_up::is_under_way(fleet.db.reader(), RELAY, &fleet.settings.warm_ups[RELAY], fleet.clock.now())
                .await
                .unwrap()
        );
        assert_eq!((gmail(&fleet, 999).await, gmail(&fleet, 999).await), (50, 4 * 334));
        assert!(
            !warm_up::is_under_way(fleet.db.reader(), RELAY, &fleet.settings.warm_ups[RELAY], fleet.clock.now())
                .await
                .unwrap()
        );
        sea_orm::ConnectionTrait::execute_unprepared(fleet.db.writer(), "DROP TABLE budgets").await.unwrap();
        assert_eq!(gmail(&fleet, 999).await, 4 * 334);
    }
);

both!(
    async fn a_day_on_which_nothing_goes_by_a_plan_is_none_that_could_be_frozen(db: TestDb) {
        let fleet = Fleet::new(&db, warming(&[(RELAY, plan(50, "2", 100))]), 1);
        midnight(&fleet);
        let gmail = provider("gmail");
        let counts = async || warm_up::counts(fleet.db.reader(), &gmail, fleet.clock.now()).await.unwrap();
        let class = fleet.class(0, "gmail", Some(CampaignId::new(fleet.clock.now())));
        assert!(!counts().await);
        assert_eq!(fleet.take(0, &class, 50).await.n, 50);
        assert!(counts().await);
        fleet.clock.advance(DAY);
        assert!(!counts().await, "nothing has gone today");
        assert_eq!(fleet.take(0, &class, 999).await.n, 999);
        fleet.clock.advance(DAY);
        assert_eq!(fleet.take(0, &class, 999).await.n, 999);
        assert!(!counts().await, "it is over");
    }
);

both!(
    async fn what_somebody_waits_for_is_neither_held_back_nor_counted(db: TestDb) {
        let fleet = Fleet::new(&db, warming(&[(RELAY, plan(50, "1.4", 9_999))]), 1);
        midnight(&fleet);
        let confirmation = fleet.class(0, "gmail", None);
        assert_eq!((fleet.take(0, &confirmation, 80).await.n, gmail(&fleet, 99).await), (80, 50));
        let other = fleet.class_through(SPARE, 0, "gmail", Some(CampaignId::new(fleet.clock.now())));
        assert_eq!(fleet.take(0, &other, 999).await.n, 999, "nor is what goes by another relay");
    }
);

both!(
    async fn permits_of_yesterday_that_come_back_today_let_no_more_go_today(db: TestDb) {
        for (warm_ups, daily) in [(warming(&[(RELAY, plan(50, "1.4", 9_999))]), None), (Settings::default(), Some(70))]
        {
            let relay = Limit { daily: daily.and_then(NonZeroU32::new), ..Limit::default() };
            let fleet = Fleet::new(&db, Settings { relay, ..warm_ups }, 2);
            midnight(&fleet);
            let campaign = Some(CampaignId::new(fleet.clock.now()));
            let classes = [fleet.class(0, "gmail", campaign), fleet.class(1, "gmail", campaign)];
            fleet.refill(0, &[(classes[0].clone(), 40)]).await;
            fleet.clock.advance(DAY);
            assert_eq!(fleet.take(1, &classes[1], 60).await.n, 60);
            assert_eq!(fleet.take(0, &classes[0], 60).await.n, 10);
            assert_eq!(fleet.take(1, &classes[1], 60).await.n, 0);
            for table in ["budgets", "warm_ups"] {
                let clean = format!("DELETE FROM {table}");
                sea_orm::ConnectionTrait::execute_unprepared(fleet.db.writer(), &clean).await.unwrap();
            }
        }
    }
);

both!(
    async fn what_was_taken_yesterday_and_comes_back_today_lets_no_more_go_today(db: TestDb) {
        let plan = warming(&[(RELAY, plan(50, "1.4", 9_999))]);
        let daily = Limit { daily: NonZeroU32::new(70), ..Limit::default() };
        let hourly = Limit { hourly: NonZeroU32::new(70), ..Limit::default() };
        for (settings, limit) in [(plan, Limit::default()), (Settings::default(), daily), (Settings::default(), hourly)]
        {
            let fleet = Fleet::new(&db, Settings { relay: limit, ..settings }, 1);
            midnight(&fleet);
            let class = fleet.class(0, "gmail", Some(CampaignId::new(fleet.clock.now())));
            assert_eq!(fleet.take(0, &class, 40).await.n, 40);
            fleet.clock.advance(DAY);
            // Nothing was leased today.
            fleet.instances[0].give_back(&class, 5);
            assert_eq!(fleet.instances[0].look(&class, 99).n, 0);
            assert_eq!(fleet.take(0, &class, 20).await.n, 20);
            fleet.instances[0].give_back(&class, 5);
            assert_eq!(fleet.instances[0].look(&class, 99).n, 0);
            // Nor do they when nobody has used them in time.
            fleet.clock.advance(Duration::from_secs(2));
            fleet.refill(0, &[]).await;
            assert_eq!(fleet.take(0, &class, 45).await.n, 45);
            // Once all of it has gone, what is of today may go again.
            fleet.instances[0].done(&class, 30 + 20 + 45);
            assert_eq!(fleet.take(0, &class, 99).await.n, 5);
            fleet.instances[0].give_back(&class, 5);
            assert_eq!((fleet.take(0, &class, 99).await.n, fleet.take(0, &class, 99).await.n), (5, 0));
            for table in ["budgets", "warm_ups"] {
                let clean = format!("DELETE FROM {table}");
                sea_orm::ConnectionTrait::execute_unprepared(fleet.db.writer(), &clean).await.unwrap();
            }
        }
    }
);

both!(
    async fn how_far_a_relay_is_warmed_up_is_shown_with_what_keeps_it_from_growing(db: TestDb) {
        let fleet = Fleet::new(&db, warming(&[(RELAY, plan(50, "1.4", 100))]), 1);
        midnight(&fleet);
        let begun_at = fleet.clock.now();
        let shown = async || {
            let all =
                standings(fleet.db.reader(), &[].into(), &fleet.settings.warm_ups, fleet.clock.now()).await.unwrap();
            let [gmail] = &all[..] else { return None };
            assert_eq!((gmail.provider.as_str(), gmail.warm_ups[0].relay.as_str()), ("gmail", RELAY));
            Some(gmail.warm_ups[0].clone())
        };
        assert_eq!(shown().await, None, "nothing has gone yet");
        let class = fleet.class(0, "gmail", Some(CampaignId::new(begun_at)));
        assert_eq!(fleet.take(0, &class, 30).await.n, 30);
        warm_up::freeze(fleet.db.writer(), &provider("gmail"), "share.refusals", "3 of 60", fleet.clock.now())
            .await
            .unwrap();
        let now = shown().await.unwrap();
        assert_eq!((now.begun_at, now.day, now.amount, now.used), (begun_at, 1, 50, 30));
        let frozen = now.frozen.unwrap();
        assert_eq!(
            (frozen.on, frozen.rule.as_str(), frozen.words.as_str()),
            (begun_at.date_naive(), "share.refusals", "3 of 60")
        );
        fleet.clock.advance(DAY);
        let next = shown().await.unwrap();
        assert_eq!((next.day, next.amount, next.used, next.frozen.is_some()), (1, 50, 0, true));
        assert_eq!(fleet.take(0, &class, 25).await.n, 25);
        fleet.clock.advance(DAY);
        let grown = shown().await.unwrap();
        assert_eq!((grown.day, grown.amount, grown.used, grown.frozen), (2, 70, 0, None));
        assert_eq!(gmail(&fleet, 99).await, 70);
        let almost = shown().await.unwrap();
        assert_eq!((almost.day, almost.amount), (3, 98));
        assert_eq!((gmail(&fleet, 99).await, shown().await), (98, None), "it is over");
    }
);
