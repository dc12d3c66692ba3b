//! Pauses on both databases.

use chrono::TimeDelta;
use domain::{Actor, MailboxProvider};
use limits::pause;
use testkit::{TestDb, both, start_of_time};

fn gmail() -> MailboxProvider {
    "gmail".parse().unwrap()
}

both!(
    async fn a_paused_provider_is_left_alone_until_the_time_and_says_why(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let until = now + TimeDelta::hours(2);
        let rule = Actor::rule("gmail-rate");
        pause::set(db.writer(), &gmail(), until, "gmail-rate", "421 4.7.28 unusual rate", &rule, now).await.unwrap();
        let active = pause::active(db.reader(), until - TimeDelta::microseconds(1)).await.unwrap();
        assert_eq!(active[0].provider, gmail());
        assert_eq!((active[0].rule.as_str(), active[0].words.as_str()), ("gmail-rate", "421 4.7.28 unusual rate"));
        assert_eq!((active[0].since, active[0].until, &active[0].actor), (now, until, &rule));
        assert_eq!(pause::active(db.reader(), until).await.unwrap(), []);
    }
);

both!(
    async fn a_longer_pause_stands(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (long, short) = (now + TimeDelta::hours(4), now + TimeDelta::minutes(5));
        pause::set(db.writer(), &gmail(), long, "a", "four hours", &Actor::System, now).await.unwrap();
        pause::set(db.writer(), &gmail(), short, "b", "five minutes", &Actor::System, now).await.unwrap();
        assert_eq!(pause::active(db.reader(), now).await.unwrap()[0].until, long);

        let longer = long + TimeDelta::hours(1);
        let later = now + TimeDelta::hours(1);
        pause::set(db.writer(), &gmail(), longer, "c", "one more", &Actor::System, later).await.unwrap();
        let active = pause::active(db.reader(), later).await.unwrap();
        assert_eq!((active[0].until, active[0].since, active[0].rule.as_str()), (longer, now, "c"));
    }
);

both!(
    async fn a_lifted_pause_is_over_at_once(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let until = now + TimeDelta::hours(2);
        pause::set(db.writer(), &gmail(), until, "a", "", &Actor::System, now).await.unwrap();
        assert!(pause::lift(db.writer(), &gmail(), &Actor::Operator, now).await.unwrap());
        assert!(!pause::lift(db.writer(), &gmail(), &Actor::Operator, now).await.unwrap());
        assert_eq!(pause::active(db.reader(), now).await.unwrap(), []);

        let over = pause::last(db.reader(), &gmail()).await.unwrap().unwrap();
        assert_eq!((over.actor, over.lifted_by, over.until), (Actor::System, Some(Actor::Operator), now));

        // A shorter one than the lifted one is new and counts from now.
        let soon = now + TimeDelta::minutes(5);
        pause::set(db.writer(), &gmail(), soon, "b", "", &Actor::System, now).await.unwrap();
        let active = pause::active(db.reader(), now).await.unwrap();
        assert_eq!((active[0].since, &active[0].lifted_by), (now, &None));
    }
);

both!(
    async fn a_lifted_pause_stays_over_when_the_clock_is_set_back_and_a_new_one_counts(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let (before, soon) = (now - TimeDelta::hours(1), now - TimeDelta::minutes(30));
        let until = now + TimeDelta::hours(2);
        pause::set(db.writer(), &gmail(), until, "a", "", &Actor::System, now).await.unwrap();
        assert!(pause::lift(db.writer(), &gmail(), &Actor::Operator, now).await.unwrap());
        assert_eq!(pause::active(db.reader(), before).await.unwrap(), []);
        assert!(!pause::lift(db.writer(), &gmail(), &Actor::System, before).await.unwrap(), "there is none");
        pause::set(db.writer(), &gmail(), soon, "b", "", &Actor::System, before).await.unwrap();
        let active = pause::active(db.reader(), before).await.unwrap();
        assert_eq!((active[0].until, active[0].since, active[0].rule.as_str()), (soon, before, "b"));
    }
);
