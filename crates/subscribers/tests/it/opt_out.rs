use chrono::Duration;
use domain::SubscriberId;
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
            let until = pause::set(stage.db, who, stage.brand, days(asked), now()).await.unwrap();
            assert_eq!(until, days(stands), "a longer pause stands");
        }
        assert_eq!(stage.why_not(who, 0, days(29)).await.as_deref(), Some("paused"));
        assert_eq!(stage.why_not(who, 0, days(30)).await, None);
        pause::end(stage.db, who, stage.brand).await.unwrap();
        assert_eq!(stage.why_not(who, 0, days(1)).await, None);
        let wrong = pause::set(stage.db, who, stage.brand, now(), now()).await;
        assert!(matches!(wrong, Err(Error::Invalid { field: "until", .. })));
    }
);

both!(
    async fn preferences_show_how_somebody_stands_and_no_personal_value(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0, 1]).await;
        stage.leave(who, What::Topic(stage.topic(1)), now()).await;
        pause::set(stage.db, who, stage.brand, days(3), now()).await.unwrap();
        let shown = preferences(stage.db.reader(), who, stage.brand, now()).await.unwrap().unwrap();
        let states: Vec<String> = shown.choices.iter().map(|choice| choice.state.to_string()).collect();
        assert_eq!(states, ["confirmed", "unsubscribed"]);
        assert_eq!(shown.choices[1].undo_until, Some(now() + Duration::minutes(10)));
        assert_eq!(shown.paused_until, Some(days(3)));
        assert!(!format!("{shown:?}").contains("ada@"));
    }
);
