//! Staff take back what a returned mail did, and have one dealt with once more.

use activity::Kind;
use chrono::TimeDelta;
use domain::{Actor, EmailAddress, ReturnedMailId};
use feedback::{
    Effect, Filter, Kept, Processed, Release, ReleaseError, Replayed, Standing, Unchanging, find, list, release, replay,
};
use subscribers::suppression::{Reason, active_for_subscriber, lift};
use testkit::{TestDb, both, start_of_time};

use crate::people::Ada;
use crate::world::{address, sample};

/// Has a mail dealt with, and says what is kept of it.
async fn deal(ada: &Ada<'_>, to: &EmailAddress, raw: &str) -> Kept {
    let done = ada.world.process(to, raw).await;
    let Processed::Kept { id, .. } = done else { panic!("{done:?}") };
    kept(ada, id).await
}

async fn kept(ada: &Ada<'_>, id: ReturnedMailId) -> Kept {
    find(ada.world.db.reader(), id).await.unwrap().unwrap()
}

pub(crate) const STAFF: Release<'_> =
    Release { why: "the server was set wrong", actor: &Actor::Operator, may_lift: true };

async fn free(ada: &Ada<'_>, id: ReturnedMailId) -> Result<Kept, ReleaseError> {
    release(ada.world.db, id, STAFF, start_of_time()).await
}

async fn again(ada: &Ada<'_>, id: ReturnedMailId) -> Replayed {
    replay(ada.world.db, &ada.world.links, id, start_of_time()).await.unwrap()
}

async fn score(ada: &Ada<'_>) -> i32 {
    subscribers::find(ada.world.db.reader(), ada.id).await.unwrap().unwrap().score
}

both!(
    async fn a_decision_says_on_what_it_was_made(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let report = ada.world.returned("postfix-unknown-user.eml", key);
        let mail = deal(&ada, &ada.world.return_path(key), &report).await;
        assert_eq!((mail.effect, mail.class.as_deref()), (Some(Effect::Suppressed), Some("hard")));
        let standing = active_for_subscriber(ada.world.db.reader(), ada.id).await.unwrap().remove(0);
        assert_eq!(standing.created_by, Actor::rule(mail.rule.as_deref().unwrap()));
        assert_eq!((standing.origin.delivery, standing.origin.returned_mail), (Some(key), Some(mail.id)));
    }
);

both!(
    async fn what_is_released_is_free_and_neither_the_same_report_nor_a_replay_brings_it_back(db: TestDb) {
        let ada = Ada::new(&db).await;
        for name in ["postfix-unknown-user.eml", "feedback-abuse.eml"] {
            let key = ada.sent().await;
            let (to, report) = (address("postmaster@bounce.example.com"), ada.world.returned(name, key));
            let mail = deal(&ada, &to, &report).await;
            assert_eq!(ada.suppressed().await.len(), 1, "{name}");
            let released = free(&ada, mail.id).await.unwrap().released.unwrap();
            assert_eq!(released.by, Some(Actor::Operator), "{name}");
            assert_eq!(released.why.as_deref(), Some("the server was set wrong"), "{name}");
            assert!(ada.suppressed().await.is_empty(), "{name}");
            assert_eq!(ada.world.facts().await.last(), Some(&Kind::Released), "{name}");

            assert_eq!(again(&ada, mail.id).await, Replayed::Unchanged(Unchanging::Released), "{name}");
            ada.process_at(&to, &report, start_of_time()).await;
            ada.process_at(&to, &format!("X-Way: 2\r\n{report}"), start_of_time()).await;
            // When it is forgotten that the report was here, it is about a message of which the same is known.
            let later = start_of_time() + TimeDelta::days(31);
            feedback::forget_reports(ada.world.db.writer(), 10, later).await.unwrap();
            ada.process_at(&to, &format!("X-Way: 3\r\n{report}"), later).await;
            assert!(ada.suppressed().await.is_empty(), "{name}");
            // Twice is harmless.
            assert!(free(&ada, mail.id).await.unwrap().released.is_some(), "{name}");
        }
    }
);

both!(
    async fn a_complaint_is_released_only_by_who_may_lift_suppressions(db: TestDb) {
        let ada = Ada::new(&db).await;
        let to = address("postmaster@bounce.example.com");
        let feedback_only = Release { may_lift: false, ..STAFF };
        let bounce = ada.world.returned("postfix-unknown-user.eml", ada.sent().await);
        let bounce = deal(&ada, &to, &bounce).await.id;
        let complaint = ada.world.returned("feedback-abuse.eml", ada.sent().await);
        let complaint = deal(&ada, &to, &complaint).await.id;
        let answer = release(ada.world.db, complaint, feedback_only, start_of_time()).await;
        assert!(matches!(answer, Err(ReleaseError::Complaint(id)) if id == complaint));
        assert!(kept(&ada, complaint).await.released.is_none());
        assert_eq!(ada.suppressed().await.len(), 2);
        release(ada.world.db, bounce, feedback_only, start_of_time()).await.unwrap();
        assert_eq!(ada.suppressed().await.len(), 1);
        assert!(free(&ada, complaint).await.is_ok());
        assert!(ada.suppressed().await.is_empty());
    }
);

both!(
    async fn a_failure_that_was_counted_is_counted_no_more(db: TestDb) {
        let ada = Ada::new(&db).await;
        let mut ids = Vec::new();
        for day in [0, 8] {
            let key = ada.sent().await;
            let report = ada.world.returned("several-recipients.eml", key).replace("full@", "ada@");
            ada.process_at(&ada.world.return_path(key), &report, start_of_time() + TimeDelta::days(day)).await;
            let newest = list(ada.world.db.reader(), Filter::default(), None, 1).await.unwrap().remove(0);
            ids.push(newest.id);
        }
        assert_eq!(score(&ada).await, 2);
        for (at, left) in [(1, 1), (1, 1), (0, 0)] {
            free(&ada, ids[at]).await.unwrap();
            assert_eq!(score(&ada).await, left);
        }
        assert_eq!(ada.world.facts().await, [Kind::Bounced, Kind::Bounced, Kind::Released, Kind::Released]);
    }
);

both!(
    async fn only_what_staff_may_undo_is_undone_and_only_with_a_reason(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let unknown = ReturnedMailId::new(start_of_time());
        assert!(matches!(free(&ada, unknown).await, Err(ReleaseError::NotFound(_))));
        let postmaster = address("postmaster@bounce.example.com");
        let refused = deal(&ada, &postmaster, &ada.world.returned("broken-boundary.eml", key)).await;
        assert!(matches!(free(&ada, refused.id).await, Err(ReleaseError::OfProvider)));
        let nonsense = deal(&ada, &postmaster, &sample("nonsense.eml")).await;
        assert!(matches!(free(&ada, nonsense.id).await, Err(ReleaseError::Harmless(_))));
        let (first, second) = (ada.sent().await, ada.sent().await);
        // The suppression is the first one's.
        deal(&ada, &postmaster, &ada.world.returned("postfix-unknown-user.eml", first)).await;
        let again = ada.world.returned("postfix-unknown-user.eml", second);
        let id = deal(&ada, &postmaster, &again).await.id;
        assert!(matches!(free(&ada, id).await, Err(ReleaseError::NotTheirs(_))));
        let wordless = release(ada.world.db, id, Release { why: " ", ..STAFF }, start_of_time()).await;
        assert!(matches!(wordless, Err(ReleaseError::WithoutReason)));
        let id = ada.world.links.message_id(&ada.world.site, first).unwrap();
        let wish = format!("In-Reply-To: <{id}>\r\n{}", sample("unsubscribe-word.eml"));
        let wish = deal(&ada, &postmaster, &wish).await;
        assert!(matches!(free(&ada, wish.id).await, Err(ReleaseError::OwnWish)));
        assert_eq!(ada.suppressed().await, [(Reason::Hard, false)]);
    }
);

both!(
    async fn a_mail_that_says_the_same_as_before_changes_nothing_when_it_is_dealt_with_once_more(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let to = ada.world.return_path(key);
        for (name, why) in [
            ("postfix-unknown-user.eml", Unchanging::Done),
            ("out-of-office.eml", Unchanging::Same),
            ("nonsense.eml", Unchanging::Same),
        ] {
            let mail = deal(&ada, &to, &ada.world.returned(name, key)).await;
            let facts = ada.world.facts().await;
            assert_eq!(again(&ada, mail.id).await, Replayed::Unchanged(why), "{name}");
            assert_eq!(kept(&ada, mail.id).await, mail, "{name}");
            assert_eq!(ada.world.facts().await, facts, "{name}");
        }
        let unknown = ReturnedMailId::new(start_of_time());
        assert_eq!(again(&ada, unknown).await, Replayed::Unchanged(Unchanging::Unknown));
    }
);

both!(
    async fn a_mail_that_was_not_understood_is_dealt_with_by_the_rules_of_today_once(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let report = ada.world.returned("postfix-unknown-user.eml", key);
        let id = deal(&ada, &ada.world.return_path(key), &report).await.id;
        // As a program left it that could not read it.
        let undone = [
            "UPDATE returned_mail SET standing = 'not_understood', kind = 'unknown', class = NULL, rule = 'not understood', effect = NULL",
            "UPDATE deliveries SET bounced_at = NULL, returned_as = NULL",
            "DELETE FROM report_digests",
            "DELETE FROM suppressions",
        ];
        for sql in undone {
            database::sql::execute(ada.world.db.writer(), sql, []).await.unwrap();
        }
        assert_eq!(again(&ada, id).await, Replayed::Changed { standing: Standing::Acted });
        let mail = kept(&ada, id).await;
        assert_eq!((mail.kind.as_str(), mail.class.as_deref()), ("delivery_report", Some("hard")));
        assert_eq!(ada.suppressed().await, [(Reason::Hard, false)]);
        assert_eq!(again(&ada, id).await, Replayed::Unchanged(Unchanging::Done));
        let standing = active_for_subscriber(ada.world.db.reader(), ada.id).await.unwrap().remove(0);
        lift(ada.world.db, standing.id, Some("they are back"), &Actor::Operator, start_of_time()).await.unwrap();
        assert_eq!(again(&ada, id).await, Replayed::Unchanged(Unchanging::Done));
        assert!(ada.suppressed().await.is_empty());
    }
);

both!(
    async fn refused_content_touches_nobody_and_tells_the_campaign_the_words(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let report = ada.world.returned("postfix-unknown-user.eml", key).replace("5.1.1", "5.6.0");
        let report = report
            .replace("Recipient address\r\n    rejected: User unknown in local recipient table", "a virus was found");
        let mail = deal(&ada, &ada.world.return_path(key), &report).await;
        assert_eq!((mail.class.as_deref(), mail.effect), (Some("content"), None));
        assert!(ada.suppressed().await.is_empty());
        let detail = "SELECT detail FROM facts WHERE kind = 'bounced'";
        let detail = database::sql::row(ada.world.db.reader(), detail, []).await.unwrap().unwrap();
        let detail: String = detail.try_get_by_index(0).unwrap();
        assert!(detail.contains("a virus was found"), "{detail}");
    }
);

both!(
    async fn who_has_left_is_listed_for_a_person_and_mailed_as_before(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        ada.world.process(&ada.world.return_path(key), &ada.world.returned("has-left.eml", key)).await;
        let filter = Filter { standing: Some(Standing::ToLookAt), ..Filter::default() };
        let listed = list(ada.world.db.reader(), filter, None, 10).await.unwrap();
        assert_eq!(listed[0].words.as_deref(), Some("Ada is no longer with the company."));
        assert_eq!((listed[0].subscriber, listed[0].effect), (Some(ada.id), None));
        assert!(ada.suppressed().await.is_empty());
        assert_eq!(score(&ada).await, 0);
    }
);

both!(
    async fn a_look_up_is_called_off_and_what_it_has_found_is_not_said_to_be(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let report = ada.world.returned("postfix-unknown-user.eml", key).replace("5.1.1", "5.1.2");
        let report = report
            .replace("Recipient address\r\n    rejected: User unknown in local recipient table", "Domain not found");
        let mail = deal(&ada, &ada.world.return_path(key), &report).await;
        assert_eq!(mail.effect, Some(Effect::LookedUp), "{mail:?}");
        let gone = ada.world.returned("postfix-unknown-user.eml", ada.sent().await);
        deal(&ada, &address("postmaster@bounce.example.com"), &gone).await;
        let found = "UPDATE suppressions SET reason = 'domain_gone', returned_mail_id = NULL";
        database::sql::execute(ada.world.db.writer(), found, []).await.unwrap();
        assert!(matches!(free(&ada, mail.id).await, Err(ReleaseError::NotTheirs(_))));
        database::sql::execute(ada.world.db.writer(), "DELETE FROM suppressions", []).await.unwrap();
        assert!(free(&ada, mail.id).await.unwrap().released.is_some());
        let waits = "SELECT 1 FROM subscribers WHERE domain_look_at IS NOT NULL";
        assert!(database::sql::row(ada.world.db.reader(), waits, []).await.unwrap().is_none());
    }
);

both!(
    async fn an_answer_that_is_read_anew_is_no_second_answer(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let mail = deal(&ada, &ada.world.return_path(key), &ada.world.returned("has-left.eml", key)).await;
        // As a program left it that knew no such words.
        let before = "UPDATE returned_mail SET standing = 'noted', rule = 'auto-reply', words = NULL";
        database::sql::execute(ada.world.db.writer(), before, []).await.unwrap();
        let facts = ada.world.facts().await;
        assert_eq!(again(&ada, mail.id).await, Replayed::Changed { standing: Standing::ToLookAt });
        assert_eq!(ada.world.facts().await, facts);
    }
);

both!(
    async fn an_old_mail_does_nothing_to_a_person_of_whom_something_newer_is_known(db: TestDb) {
        let ada = Ada::new(&db).await;
        let (first, second) = (ada.sent().await, ada.sent().await);
        let to = address("postmaster@bounce.example.com");
        let old = deal(&ada, &to, &ada.world.returned("postfix-unknown-user.eml", first)).await;
        let undone = [
            "UPDATE returned_mail SET standing = 'not_understood', kind = 'unknown', class = NULL, rule = 'not understood', effect = NULL",
            "UPDATE deliveries SET bounced_at = NULL, returned_as = NULL",
            "DELETE FROM report_digests",
            "DELETE FROM suppressions",
        ];
        for sql in undone {
            database::sql::execute(ada.world.db.writer(), sql, []).await.unwrap();
        }
        let newer = deal(&ada, &to, &ada.world.returned("postfix-unknown-user.eml", second)).await;
        let later = start_of_time() + TimeDelta::days(1);
        release(ada.world.db, newer.id, STAFF, later).await.unwrap();
        assert_eq!(again(&ada, old.id).await, Replayed::Unchanged(Unchanging::Overtaken));
        assert!(ada.suppressed().await.is_empty());
    }
);
