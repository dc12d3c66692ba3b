//! Whom much of it is refused by.

use std::collections::BTreeMap;
use std::sync::Arc;

use campaigns::{CampaignStatus, Watch};
use domain::{Actor, CampaignId, InstanceId, MailboxProvider};
use limits::warm_up::{self, Growth};
use limits::{Cause, Level, Limits, Route, Settings, WarmUp, pause};
use testkit::{TestDb, both};

use super::stage::{Stage, at, other, share};
use crate::setting::staff;

both! {
    async fn refusals_pause_the_provider_and_not_the_campaign_and_after_the_pause_it_is_judged_anew(db: TestDb) {
        let mut stage = Stage::set(db.database(), 500).await;
        stage.send(100, 6, "block", "code.policy").await;
        stage.look().await;
        stage.look().await;
        let reader = stage.db.reader();
        let paused = pause::active(reader, at(stage.sent)).await.unwrap().remove(0);
        assert_eq!((&paused.provider, paused.until), (&other(), at(stage.sent + 3_600)));
        assert_eq!(paused.words, "6 of 100 attempts were refused for policy or reputation");
        assert_eq!(stage.campaign().await.status, CampaignStatus::Sending);
        assert_eq!(stage.raised().await, [(Cause::Refusals, Level::Pause, share(6, 100))]);

        // The same attempts do not pause it again once staff have ended it, and the alert is over.
        pause::lift(stage.db.writer(), &other(), &staff(), at(stage.sent)).await.unwrap();
        stage.sent += 1;
        stage.watch = Watch::default();
        stage.look().await;
        assert_eq!(pause::active(reader, at(stage.sent)).await.unwrap(), []);
        assert!(stage.alerts().await[0].ended_at.is_some());
        stage.send(60, 4, "block", "code.policy").await;
        stage.look().await;
        assert_eq!(pause::active(reader, at(stage.sent)).await.unwrap().len(), 1);
        assert_eq!((stage.raised().await.len(), stage.mails().await), (2, 2));
    }
}

both! {
    async fn a_provider_that_a_word_has_left_alone_is_told_of_once_until_an_hour_is_quiet(db: TestDb) {
        let mut stage = Stage::set(db.database(), 10).await;
        let gmail: MailboxProvider = "gmail".parse().unwrap();
        let leave_alone = async |stage: &Stage<'_>, actor: Actor| {
            let (from, until) = (at(stage.sent), at(stage.sent + 600));
            pause::set(stage.db.writer(), &gmail, until, "code.google", "unsolicited", &actor, from).await.unwrap();
        };
        leave_alone(&stage, Actor::rule("sender.block")).await;
        stage.look().await;
        stage.sent += 700;
        leave_alone(&stage, Actor::rule("sender.block")).await;
        stage.look().await;
        assert_eq!((stage.raised().await, stage.mails().await), (vec![(Cause::Refusals, Level::Pause, None)], 1));
        stage.sent += 600 + 3_600;
        stage.look().await;
        assert!(stage.alerts().await[0].ended_at.is_some());
        // Whom staff leave alone, staff know.
        leave_alone(&stage, staff()).await;
        stage.look().await;
        assert_eq!(stage.mails().await, 1);
    }
}

both! {
    async fn a_provider_that_cannot_be_judged_holds_up_nothing_else(db: TestDb) {
        let mut stage = Stage::set(db.database(), 100).await;
        stage.send(60, 0, "", "").await;
        let (writer, long_ago) = (stage.db.writer(), at(-7_200));
        pause::set(writer, &other(), long_ago, "a", "", &staff(), long_ago).await.unwrap();
        let broken = "UPDATE provider_pauses SET actor = 'nobody that this program knows'";
        database::sql::execute(writer, broken, []).await.unwrap();
        assert!(pause::last(writer, &other()).await.is_err());
        let (gmail, until): (MailboxProvider, _) = ("gmail".parse().unwrap(), at(600));
        let rule = Actor::rule("sender.block");
        pause::set(writer, &gmail, until, "code.google", "unsolicited", &rule, at(stage.sent)).await.unwrap();
        stage.look().await;
        assert_eq!(stage.raised().await, [(Cause::Refusals, Level::Pause, None)]);
    }
}

both! {
    async fn a_day_with_some_refusals_is_none_by_which_a_relay_is_warmed_up(db: TestDb) {
        let mut stage = Stage::set(db.database(), 200).await;
        let warm_ups = [("main".to_owned(), warm_up())].into();
        warms_up(&stage, &warm_ups).await;
        stage.send(100, 2, "block", "code.policy").await;
        stage.look().await;
        let frozen = async |stage: &Stage<'_>| {
            let shown = warm_up::warmings(stage.db.reader(), &warm_ups, at(stage.sent)).await.unwrap().remove(0);
            shown.frozen.map(|frozen| (frozen.rule, frozen.words))
        };
        assert_eq!(frozen(&stage).await, None);
        stage.send(40, 1, "block", "code.policy").await;
        stage.look().await;
        let words = "3 of 140 attempts were refused for policy or reputation";
        assert_eq!(frozen(&stage).await, Some(("share.refusals".to_owned(), words.to_owned())));
        assert_eq!(pause::active(stage.db.reader(), at(stage.sent)).await.unwrap(), [], "nothing is stopped by that");
    }
}

both! {
    async fn what_was_refused_yesterday_costs_a_relay_no_day_that_follows(db: TestDb) {
        let mut stage = Stage::set(db.database(), 300).await;
        let warm_ups = [("main".to_owned(), warm_up())].into();
        let frozen = async |stage: &Stage<'_>| {
            let shown = warm_up::warmings(stage.db.reader(), &warm_ups, at(stage.sent)).await.unwrap().remove(0);
            shown.frozen.map(|frozen| (frozen.on, frozen.words))
        };
        let midnight = 15 * 3_600;
        stage.sent = midnight - 60;
        warms_up(&stage, &warm_ups).await;
        stage.send(50, 2, "block", "code.policy").await;
        stage.look().await;
        let words = "2 of 50 attempts were refused for policy or reputation";
        let yesterday = Some((at(0).date_naive(), words.to_owned()));
        assert_eq!(frozen(&stage).await, yesterday);
        stage.sent = midnight + 30;
        warms_up(&stage, &warm_ups).await;
        stage.look().await;
        assert_eq!(frozen(&stage).await, yesterday, "nothing has gone today");
        stage.send(30, 1, "block", "code.policy").await;
        stage.look().await;
        assert_eq!(frozen(&stage).await, yesterday, "it is one of thirty today");
        stage.send(30, 1, "block", "code.policy").await;
        stage.look().await;
        let words = "2 of 60 attempts were refused for policy or reputation";
        assert_eq!(frozen(&stage).await, Some((at(midnight).date_naive(), words.to_owned())));
    }
}

fn warm_up() -> WarmUp {
    let number = |n| std::num::NonZeroU32::new(n).unwrap();
    WarmUp { start: number(50), providers: BTreeMap::new(), growth: Growth::default(), ceiling: number(1_000) }
}

/// A first message goes by the relay.
async fn warms_up(stage: &Stage<'_>, warm_ups: &BTreeMap<String, WarmUp>) {
    let (now, clock) = (at(stage.sent), Arc::new(testkit::ManualClock::at(at(stage.sent))));
    let settings = Settings { warm_ups: warm_ups.clone(), ..Settings::default() };
    let limits = Limits::new(settings, InstanceId::new(now), clock);
    let campaign = Some(CampaignId::new(now));
    let class = limits.class(&Route { relay: "main", provider: &other(), brand: "acme", campaign });
    limits.refill(stage.db, &[(class, 1)], now).await.unwrap();
}

both! {
    async fn refusals_that_come_back_later_count_among_the_messages_around_them(db: TestDb) {
        let mut stage = Stage::set(db.database(), 1_000).await;
        let keys = stage.send(100, 0, "", "").await;
        // Much has gone by the time the reports come.
        stage.send(400, 0, "", "").await;
        stage.look().await;
        let report = async |stage: &Stage<'_>, key, class: &str| {
            assert!(outbox::fact::bounced_as(stage.db.writer(), key, class, at(stage.sent)).await.unwrap());
            stage.came_back(key, activity::Kind::Bounced, class).await;
        };
        report(&stage, keys[59], "hard").await;
        for key in &keys[60..63] {
            report(&stage, *key, "block").await;
        }
        stage.look().await;
        assert_eq!(pause::active(stage.db.reader(), at(stage.sent)).await.unwrap()[..], []);
        report(&stage, keys[64], "block").await;
        stage.look().await;
        let paused = pause::active(stage.db.reader(), at(stage.sent)).await.unwrap().remove(0);
        assert_eq!(paused.words, "4 of 65 attempts were refused for policy or reputation");
        assert_eq!(stage.raised().await, [(Cause::Refusals, Level::Pause, share(4, 65))]);
        // The same report again is no news.
        assert!(!outbox::fact::bounced_as(stage.db.writer(), keys[60], "block", at(stage.sent)).await.unwrap());
    }
}

both! {
    async fn a_relay_that_has_enough_for_today_is_not_the_providers_doing(db: TestDb) {
        let mut stage = Stage::set(db.database(), 100).await;
        stage.send(60, 20, "block", "quota.own").await;
        stage.look().await;
        assert_eq!(stage.raised().await, []);
    }
}
