use activity::{Fact, Kind};
use chrono::{DateTime, Duration, Utc};
use domain::{DeliveryKey, MailKind, SubscriberId};
use subscribers::{Effect, Subscriber};
use testkit::{TestDb, both};
use verdict::Class;

use crate::failures::fail;
use crate::stage::{Stage, ada, address, days, now};

/// A mail is sent to the person, or so the sender says.
async fn send(stage: &Stage<'_>, who: SubscriberId, at: DateTime<Utc>) -> DeliveryKey {
    let txn = stage.db.begin().await.unwrap();
    let mailing = outbox::mailing::stream(&txn, stage.brand, MailKind::Welcome, at).await.unwrap();
    let intent = outbox::enqueue::Intent {
        subscriber: Some(who),
        recipient: None,
        lane: domain::MailboxProvider::other(),
        data: serde_json::Value::Null,
    };
    let key = outbox::enqueue::one(&txn, mailing, intent).await.unwrap();
    activity::record(&txn, &Fact::new(Kind::Sent, stage.brand, at).about(who).of(key)).await.unwrap();
    txn.commit().await.unwrap();
    key
}

async fn person(stage: &Stage<'_>, who: SubscriberId) -> Subscriber {
    subscribers::find(stage.db.reader(), who).await.unwrap().unwrap()
}

both!(
    async fn what_was_sent_and_not_returned_within_five_days_is_a_success(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        assert_eq!(fail(&stage, who, Class::Soft, days(0)).await, Effect::Counted(1));
        send(&stage, who, days(1)).await;
        stage.note_successes(days(6) - Duration::seconds(1)).await;
        assert_eq!((person(&stage, who).await.score, person(&stage, who).await.last_success_at), (1, None));
        stage.note_successes(days(6)).await;
        assert_eq!((person(&stage, who).await.score, person(&stage, who).await.last_success_at), (0, Some(days(1))));
        assert_eq!(fail(&stage, who, Class::Soft, days(7)).await, Effect::Counted(1));
    }
);

both!(
    async fn what_came_back_is_none(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let key = send(&stage, who, days(1)).await;
        // The relay answered, the report came two days later.
        let sql = format!(
            "UPDATE deliveries SET attempt = 1 WHERE mailing_no = {} AND ordinal = {}",
            key.mailing, key.ordinal
        );
        sea_orm::ConnectionTrait::execute_unprepared(stage.db.writer(), &sql).await.unwrap();
        assert!(outbox::fact::bounced(stage.db.writer(), key, days(3)).await.unwrap());
        fail(&stage, who, Class::Soft, days(3)).await;
        stage.note_successes(days(6)).await;
        assert_eq!((person(&stage, who).await.score, person(&stage, who).await.last_success_at), (1, None));
    }
);

both!(
    async fn a_failure_after_the_success_stays_counted(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        fail(&stage, who, Class::Soft, days(0)).await;
        send(&stage, who, days(1)).await;
        assert_eq!(fail(&stage, who, Class::Soft, days(2)).await, Effect::Counted(2));
        // Known on day six only, the success was before the second failure.
        stage.note_successes(days(6)).await;
        assert_eq!(person(&stage, who).await.score, 1);
        assert_eq!(fail(&stage, who, Class::Soft, days(15)).await, Effect::Counted(2));
        assert!(matches!(fail(&stage, who, Class::Soft, days(16)).await, Effect::Suppressed(_)));
    }
);

both!(
    async fn a_click_counts_at_once_and_does_not_wait_behind_what_was_sent(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let key = send(&stage, who, now()).await;
        fail(&stage, who, Class::Soft, now()).await;
        for (kind, hour) in [(Kind::AutoAnswered, 1), (Kind::Clicked, 2)] {
            let at = now() + Duration::hours(hour);
            let fact = Fact::new(kind, stage.brand, at).about(who).of(key);
            activity::record(stage.db.writer(), &fact).await.unwrap();
            stage.note_successes(at).await;
            let clicked = kind == Kind::Clicked;
            assert_eq!(person(&stage, who).await.last_success_at, clicked.then_some(at), "{kind}");
        }
    }
);

both!(
    async fn many_facts_are_noted_in_pieces_and_nobody_is_passed_over(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let emails: Vec<String> = (0..40).map(|at| format!("p{at}@example.com")).collect();
        crate::imports::bring(&stage, emails.clone()).await;
        let mut people = Vec::new();
        for email in &emails {
            people.push(stage.id(&address(email)).await);
        }
        // Fifteen mails to each, and the last one is of nobody any more.
        let mut facts: Vec<Fact> = (0..600)
            .map(|at| Fact::new(Kind::Sent, stage.brand, now() + Duration::minutes(at)))
            .zip(people.iter().cycle())
            .map(|(fact, who)| fact.about(*who))
            .collect();
        facts.push(Fact::new(Kind::Sent, stage.brand, now()));
        activity::record_all(stage.db.writer(), &facts).await.unwrap();
        stage.note_successes(days(6)).await;
        for (at, who) in (560..600).zip(people) {
            assert_eq!(person(&stage, who).await.last_success_at, Some(now() + Duration::minutes(at)));
        }
    }
);
