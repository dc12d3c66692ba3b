use chrono::{DateTime, Duration, Utc};
use domain::{Actor, SubscriberId, TokenId};
use subscribers::export::Pause;
use subscribers::opt_out::{self, What};
use subscribers::{Error, pause, preferences};
use testkit::{TestDb, both};

use crate::stage::{Stage, ada, days, evidence, now};

both!(
    async fn leaving_a_topic_leaves_the_others(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0, 1]).await;
        assert_eq!(stage.leave(who, What::Topic(stage.topic(0)), now()).await, [stage.topics[0].clone()]);
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("not_subscribed"));
        assert_eq!(stage.why_not(who, 1, now()).await, None);
    }
);

both!(
    async fn leaving_ten_times_at_once_is_one_change(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let press = || stage.leave(who, What::Topic(stage.topic(0)), now());
        let (a, b, c, d) = tokio::join!(press(), press(), press(), press());
        let more = [press().await, press().await, press().await, press().await, press().await, press().await];
        let left: usize = [a, b, c, d].iter().chain(&more).map(Vec::len).sum();
        assert_eq!(left, 1);
        assert_eq!(stage.acts(&ada()).await, ["confirmed", "left", "requested"]);
    }
);

both!(
    async fn leaving_a_brand_leaves_all_of_it_and_pending_requests_too(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0, 1]).await;
        stage.ask(&ada(), &[2], days(2)).await;
        assert_eq!(stage.leave(who, What::Brand(stage.brand), days(2)).await.len(), 3);
        assert_eq!(stage.leave(who, What::Brand(stage.brand), days(2)).await.len(), 0);
    }
);

both!(
    async fn a_stranger_and_nobody_leave_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        for who in [SubscriberId::NOBODY, SubscriberId::new(now())] {
            assert_eq!(stage.leave(who, What::Brand(stage.brand), now()).await, []);
            assert!(preferences(stage.db.reader(), who, stage.brand, now()).await.unwrap().is_none());
        }
    }
);

both!(
    async fn leaving_is_taken_back_within_ten_minutes_and_not_later(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0, 1]).await;
        let undo = |minutes| {
            let at = now() + Duration::minutes(minutes);
            async move { opt_out::undo(stage.db, who, What::Brand(stage.brand), &evidence(), at).await.unwrap() }
        };
        stage.leave(who, What::Topic(stage.topic(0)), now()).await;
        assert_eq!(undo(10).await, [stage.topics[0].clone()]);
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        stage.leave(who, What::Topic(stage.topic(1)), now()).await;
        assert_eq!(undo(11).await, []);
        let acts = stage.acts(&ada()).await;
        assert_eq!(acts, ["confirmed", "confirmed", "left", "left", "requested", "requested", "undone"]);
    }
);

both!(
    async fn what_was_never_confirmed_is_not_brought_back_by_undoing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let who = stage.id(&ada()).await;
        stage.leave(who, What::Topic(stage.topic(0)), now()).await;
        let back = opt_out::undo(stage.db, who, What::Topic(stage.topic(0)), &evidence(), now()).await.unwrap();
        assert_eq!(back, []);
    }
);

both!(
    async fn a_pause_holds_every_topic_until_its_end(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        for (asked, stands) in [(20, 20), (30, 30), (10, 30)] {
            let until = set(&stage, who, days(asked), &Actor::Subscriber(who), now()).await.unwrap();
            assert_eq!(until, days(stands), "a longer pause stands");
        }
        assert_eq!(stage.why_not(who, 0, days(29)).await.as_deref(), Some("paused"));
        assert_eq!(stage.why_not(who, 0, days(30)).await, None);
        pause::end(stage.db, who, stage.brand, &Actor::Subscriber(who), days(1)).await.unwrap();
        assert_eq!(stage.why_not(who, 0, days(1)).await, None);
        let wrong = set(&stage, who, now(), &Actor::Subscriber(who), now()).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "until", .. })));
    }
);

both!(
    async fn a_pause_keeps_who_asked_for_it_and_who_ended_it(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let (themselves, staff) = (Actor::Subscriber(who), Actor::Token(TokenId::new(now())));
        set(&stage, who, days(30), &themselves, days(1)).await.unwrap();
        set(&stage, who, days(20), &staff, days(2)).await.unwrap();
        let kept = kept(&stage, who).await;
        assert_eq!((kept.set_at, kept.set_by), (Some(days(1)), Some(themselves.clone())), "the longer one stands");
        assert_eq!((kept.ended_at, kept.ended_by), (None, None));

        pause::end(stage.db, who, stage.brand, &staff, days(3)).await.unwrap();
        pause::end(stage.db, who, stage.brand, &Actor::Operator, days(4)).await.unwrap();
        let ended = self::kept(&stage, who).await;
        assert_eq!((ended.until, ended.set_by), (days(3), Some(themselves)));
        assert_eq!(
            (ended.ended_at, ended.ended_by),
            (Some(days(3)), Some(staff.clone())),
            "there was none left to end"
        );

        set(&stage, who, days(40), &staff, days(5)).await.unwrap();
        let again = self::kept(&stage, who).await;
        assert_eq!((again.set_at, again.set_by), (Some(days(5)), Some(staff)));
        assert_eq!((again.until, again.ended_at, again.ended_by), (days(40), None, None));
    }
);

async fn set(
    stage: &Stage<'_>,
    who: SubscriberId,
    until: DateTime<Utc>,
    actor: &Actor,
    at: DateTime<Utc>,
) -> Result<DateTime<Utc>, Error> {
    pause::set(stage.db, who, stage.brand, until, actor, at).await
}

/// The one pause that stands in what a person can take along.
async fn kept(stage: &Stage<'_>, who: SubscriberId) -> Pause {
    let mut pauses = subscribers::export(stage.db.reader(), who, now()).await.unwrap().unwrap().pauses;
    assert_eq!(pauses.len(), 1);
    pauses.remove(0)
}

both!(
    async fn preferences_show_how_somebody_stands_and_no_personal_value(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0, 1]).await;
        stage.leave(who, What::Topic(stage.topic(1)), now()).await;
        pause::set(stage.db, who, stage.brand, days(3), &Actor::Subscriber(who), now()).await.unwrap();
        let shown = preferences(stage.db.reader(), who, stage.brand, now()).await.unwrap().unwrap();
        let states: Vec<String> = shown.choices.iter().map(|choice| choice.state.to_string()).collect();
        assert_eq!(states, ["confirmed", "unsubscribed"]);
        assert_eq!(shown.choices[1].undo_until, Some(now() + Duration::minutes(10)));
        assert_eq!(shown.paused_until, Some(days(3)));
        assert!(!format!("{shown:?}").contains("ada@"));
    }
);
