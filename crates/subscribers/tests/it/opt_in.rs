use chrono::Duration;
use database::lease::{self, BeginError};
use domain::{Actor, Locale, MailKind, OptInId};
use sea_orm::{ConnectionTrait, Statement};
use subscribers::opt_in::{self, Confirmation, Invitation, Request, RequestError, State};
use subscribers::opt_out::What;
use subscribers::suppression::{self, Reason};
use subscribers::{Evidence, Profile};
use testkit::{TestDb, both, scheduler};
use verdict::Class;

use crate::stage::{Stage, ada, address, days, evidence, now, staff};

both!(
    async fn a_sign_up_is_one_question_and_no_campaign_until_it_is_answered(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0, 2], now()).await;
        let who = stage.id(&ada()).await;
        assert_eq!(stage.mails(MailKind::Confirmation).await.len(), 1);
        assert_eq!(stage.acts(&ada()).await, ["requested", "requested"]);
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("not_subscribed"));
        assert_eq!(stage.why_not_get(MailKind::Confirmation, who, None, now()).await, None);
        // What a stranger typed about Ada is not on file before Ada has confirmed.
        let person = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap();
        assert_eq!(person.profile, Profile::default());
    }
);

both!(
    async fn confirming_subscribes_to_exactly_what_was_asked_for_and_welcomes(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0, 2]).await;
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        assert_eq!(stage.why_not(who, 1, now()).await.as_deref(), Some("not_subscribed"));
        assert_eq!(stage.mails(MailKind::Welcome).await.len(), 1);
        assert_eq!(stage.acts(&ada()).await, ["confirmed", "confirmed", "requested", "requested"]);
        let person = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap();
        assert_eq!(person.profile.name.as_deref(), Some("Ada"));
    }
);

both!(
    async fn opening_a_confirmation_link_changes_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let id = stage.last_opt_in().await;
        for _ in 0..3 {
            let open = opt_in::open(stage.db.reader(), id, now()).await.unwrap().unwrap();
            assert_eq!((open.state, open.topics), (State::Pending, vec![stage.topics[0].clone()]));
        }
        assert_eq!(stage.acts(&ada()).await, ["requested"]);
        assert_eq!(opt_in::open(stage.db.reader(), OptInId::new(now()), now()).await.unwrap(), None);
    }
);

both!(
    async fn one_link_confirms_once_even_if_it_is_pressed_at_the_same_time(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let id = stage.last_opt_in().await;
        let evidence = evidence();
        let press = || opt_in::confirm(stage.db, id, &evidence, now());
        let (one, other) = tokio::join!(press(), press());
        let done = [one.unwrap().unwrap(), other.unwrap().unwrap()];
        assert_eq!(done.iter().filter(|done| **done == Confirmation::AlreadyConfirmed).count(), 1, "{done:?}");
        assert_eq!(press().await.unwrap(), Some(Confirmation::AlreadyConfirmed));
        assert_eq!(stage.acts(&ada()).await, ["confirmed", "requested"]);
        assert_eq!(stage.mails(MailKind::Welcome).await.len(), 1);
    }
);

both!(
    async fn two_people_confirm_at_once_and_both_are_subscribed(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let bob = address("bob@example.com");
        stage.ask(&ada(), &[0], now()).await;
        let first = stage.last_opt_in().await;
        stage.ask(&bob, &[0], now()).await;
        let second = stage.last_opt_in().await;
        let evidence = evidence();
        let confirm = |id| opt_in::confirm(stage.db, id, &evidence, now());
        let (one, other) = tokio::join!(confirm(first), confirm(second));
        assert!(matches!(one.unwrap(), Some(Confirmation::Confirmed(_))));
        assert!(matches!(other.unwrap(), Some(Confirmation::Confirmed(_))));
        for email in [&ada(), &bob] {
            assert_eq!(stage.why_not(stage.id(email).await, 0, now()).await, None);
        }
    }
);

both!(
    async fn an_address_gets_one_question_a_day_however_often_somebody_types_it(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        for hour in 0..10 {
            stage.ask(&ada(), &[0], now() + Duration::hours(hour)).await;
        }
        stage.ask(&ada(), &[1], now() + Duration::hours(11)).await;
        assert_eq!(stage.mails(MailKind::Confirmation).await.len(), 1);
        // What was asked besides waits for its day, and is not lost.
        assert_eq!(
            opt_in::remind_due(
                stage.db,
                &scheduler(stage.db, now() + Duration::hours(23)).await,
                100,
                now() + Duration::hours(23)
            )
            .await
            .unwrap(),
            0
        );
        assert_eq!(opt_in::remind_due(stage.db, &scheduler(stage.db, days(1)).await, 100, days(1)).await.unwrap(), 1);
        assert_eq!(opt_in::remind_due(stage.db, &scheduler(stage.db, days(1)).await, 100, days(1)).await.unwrap(), 0);
        let all = stage.mails(MailKind::Confirmation).await.len() + stage.mails(MailKind::Reminder).await.len();
        assert_eq!(all, 2);
    }
);

both!(
    async fn many_sign_ups_of_one_address_at_once_are_one_person_and_one_question(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        let ask = || opt_in::request(stage.db, &keys, stage.request(&ada(), &[0]), now());
        let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
        for answer in [a, b, c, d] {
            answer.unwrap();
        }
        assert_eq!(stage.mails(MailKind::Confirmation).await.len(), 1);
        let people = subscribers::list(stage.db.reader(), &subscribers::Filter::default(), None, 10).await.unwrap();
        assert_eq!(people.len(), 1);
    }
);

both!(
    async fn who_is_subscribed_already_is_mailed_nothing_and_told_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0]).await;
        stage.ask(&ada(), &[0], days(2)).await;
        assert_eq!(stage.mails(MailKind::Confirmation).await.len(), 1);
        stage.ask(&ada(), &[0, 1], days(2)).await;
        let open = opt_in::open(stage.db.reader(), stage.last_opt_in().await, days(2)).await.unwrap().unwrap();
        assert_eq!(open.topics, [stage.topics[1].clone()]);
    }
);

both!(
    async fn a_link_whose_time_is_over_confirms_nothing_and_can_be_asked_for_again(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let old = stage.last_opt_in().await;
        let late = days(7);
        assert_eq!(opt_in::confirm(stage.db, old, &evidence(), late).await.unwrap(), Some(Confirmation::Expired));
        assert_eq!(opt_in::expire_due(stage.db, &scheduler(stage.db, late).await, 100, late).await.unwrap(), 1);
        assert_eq!(opt_in::expire_due(stage.db, &scheduler(stage.db, late).await, 100, late).await.unwrap(), 0);
        assert_eq!(stage.acts(&ada()).await, ["expired", "requested"]);
        assert_eq!(opt_in::open(stage.db.reader(), old, late).await.unwrap().unwrap().state, State::Expired);

        opt_in::resend(stage.db, old, &evidence(), late).await.unwrap();
        let fresh = stage.last_opt_in().await;
        assert_ne!(fresh, old);
        let done = opt_in::confirm(stage.db, fresh, &evidence(), late).await.unwrap();
        assert_eq!(done, Some(Confirmation::Confirmed(vec![stage.topics[0].clone()])));
        assert_eq!(stage.acts(&ada()).await, ["confirmed", "expired", "requested", "requested"]);
    }
);

both!(
    async fn sending_the_question_again_keeps_the_link_and_the_day(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let id = stage.last_opt_in().await;
        opt_in::resend(stage.db, id, &evidence(), now() + Duration::hours(1)).await.unwrap();
        assert_eq!(stage.mails(MailKind::Confirmation).await.len(), 1);
        opt_in::resend(stage.db, id, &evidence(), days(2)).await.unwrap();
        assert_eq!(stage.mails(MailKind::Confirmation).await.len(), 2);
        assert_eq!(stage.last_opt_in().await, id);
    }
);

both!(
    async fn a_reminder_goes_once_after_a_day_and_not_to_who_has_answered(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        stage.join(&address("bob@example.com"), &[0]).await;
        assert_eq!(
            opt_in::remind_due(
                stage.db,
                &scheduler(stage.db, now() + Duration::hours(23)).await,
                100,
                now() + Duration::hours(23)
            )
            .await
            .unwrap(),
            0
        );
        assert_eq!(opt_in::remind_due(stage.db, &scheduler(stage.db, days(1)).await, 100, days(1)).await.unwrap(), 1);
        assert_eq!(opt_in::remind_due(stage.db, &scheduler(stage.db, days(3)).await, 100, days(3)).await.unwrap(), 0);
        assert_eq!(stage.mails(MailKind::Reminder).await.len(), 1);
    }
);

both!(
    async fn a_fresh_double_opt_in_lifts_what_it_may_and_never_a_complaint(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let (who, id) = (stage.id(&ada()).await, stage.last_opt_in().await);
        // The mailbox was called gone while the mail was on its way, and then its reader answered.
        let gone = crate::failures::verdict(verdict::Class::Hard);
        let txn = stage.db.begin().await.unwrap();
        subscribers::record_failure(&txn, who, stage.brand, &gone, subscribers::suppression::Origin::default(), now())
            .await
            .unwrap();
        txn.commit().await.unwrap();
        opt_in::confirm(stage.db, id, &evidence(), now()).await.unwrap();
        assert_eq!(stage.why_not(who, 0, now()).await, None);

        let txn = stage.db.begin().await.unwrap();
        subscribers::record_complaint(
            &txn,
            who,
            stage.brand,
            &Actor::rule("arf"),
            subscribers::suppression::Origin::default(),
            now(),
        )
        .await
        .unwrap();
        txn.commit().await.unwrap();
        stage.ask(&ada(), &[0, 1], days(2)).await;
        // A confirmation is barred by a complaint, so there is no new question.
        assert_eq!(stage.last_opt_in().await, id);
        assert_eq!(stage.why_not(who, 0, days(2)).await.as_deref(), Some("suppressed_complaint"));
        let standing = suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap();
        assert_eq!(standing.iter().map(|entry| entry.reason).collect::<Vec<_>>(), [Reason::Complaint]);
    }
);

both!(
    async fn a_subscriber_whose_address_went_soft_is_asked_again_and_comes_back(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        for day in [0, 7, 14] {
            crate::failures::fail(&stage, who, verdict::Class::Soft, days(day)).await;
        }
        assert_eq!(stage.why_not(who, 0, days(15)).await.as_deref(), Some("suppressed_soft"));
        stage.ask(&ada(), &[0], days(15)).await;
        let id = stage.last_opt_in().await;
        opt_in::confirm(stage.db, id, &evidence(), days(15)).await.unwrap();
        assert_eq!(stage.why_not(who, 0, days(15)).await, None);
    }
);

both!(
    async fn an_old_link_brings_nobody_back_who_has_left_since(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let (who, id) = (stage.id(&ada()).await, stage.last_opt_in().await);
        stage.leave(who, What::Brand(stage.brand), now()).await;
        let done = opt_in::confirm(stage.db, id, &evidence(), now()).await.unwrap();
        assert_eq!(done, Some(Confirmation::Withdrawn));
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("not_subscribed"));

        let confirmed = stage.join(&address("bob@example.com"), &[0]).await;
        let used = stage.last_opt_in().await;
        stage.leave(confirmed, What::Topic(stage.topic(0)), now()).await;
        let again = opt_in::confirm(stage.db, used, &evidence(), now()).await.unwrap();
        assert_eq!(again, Some(Confirmation::AlreadyConfirmed));
        assert_eq!(stage.why_not(confirmed, 0, now()).await.as_deref(), Some("not_subscribed"));
    }
);

both!(
    async fn coming_back_begins_with_a_new_question(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        stage.leave(who, What::Topic(stage.topic(0)), now()).await;
        stage.ask(&ada(), &[0], days(2)).await;
        assert_eq!(stage.why_not(who, 0, days(2)).await.as_deref(), Some("not_subscribed"));
        opt_in::confirm(stage.db, stage.last_opt_in().await, &evidence(), days(2)).await.unwrap();
        assert_eq!(stage.why_not(who, 0, days(2)).await, None);
    }
);

both!(
    async fn what_the_form_does_not_offer_or_misses_is_refused_and_nothing_is_kept(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        let ask = |request: Request| opt_in::request(stage.db, &keys, request, now());
        let good = || stage.request(&ada(), &[0]);
        let none = ask(Request { topics: Vec::new(), ..good() }).await;
        assert!(matches!(none, Err(RequestError::NoTopic)));
        let unknown = ask(Request { topics: vec![domain::TopicId::new(now())], ..good() }).await;
        assert!(matches!(unknown, Err(RequestError::UnknownTopic(_))));
        let nameless = ask(Request { profile: Profile::default(), ..good() }).await;
        assert_eq!(nameless.unwrap_err().to_string(), "name is missing");
        let no_form = ask(Request { form_version: domain::FormVersionId::new(now()), ..good() }).await;
        assert!(matches!(no_form, Err(RequestError::UnknownForm(_))));
        assert!(subscribers::find_by_email(stage.db.reader(), &ada()).await.unwrap().is_none());
    }
);

both!(
    async fn an_invitation_asks_as_a_form_does_and_says_who_stated_what(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let invitation = Invitation {
            brand: stage.brand,
            email: ada(),
            profile: Profile::default(),
            topics: vec![stage.topic(1)],
            locale: Locale::De,
            stated: "asked on the telephone".to_owned(),
        };
        opt_in::invite(stage.db, &testkit::keys(), invitation, &staff(), now()).await.unwrap();
        opt_in::confirm(stage.db, stage.last_opt_in().await, &Evidence::none(), now()).await.unwrap();
        let shown = subscribers::consent::show(stage.db.reader(), &ada()).await.unwrap().unwrap();
        let asked = shown.iter().find(|entry| entry.act == subscribers::consent::Act::Requested).unwrap();
        let proof = asked.proof.as_ref().unwrap();
        assert_eq!((&proof.actor, proof.note.as_deref()), (&staff(), Some("asked on the telephone")));
        assert_eq!(stage.why_not(stage.id(&ada()).await, 1, now()).await, None);
    }
);

both!(
    async fn a_scheduler_that_was_frozen_asks_and_ends_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.ask(&ada(), &[0], now()).await;
        let frozen = scheduler(stage.db, now()).await;
        let other = uuid::Uuid::from_u128(2);
        let taken = lease::acquire(stage.db, "scheduler", other, Duration::days(9).to_std().unwrap(), days(1)).await;
        assert!(taken.unwrap().is_some());
        let lost = |error| matches!(error, subscribers::Error::Lease(BeginError::Lost(_)));
        assert!(lost(opt_in::remind_due(stage.db, &frozen, 100, days(1)).await.unwrap_err()));
        assert!(lost(opt_in::expire_due(stage.db, &frozen, 100, days(7)).await.unwrap_err()));
        assert_eq!(stage.mails(MailKind::Reminder).await.len(), 0);
        assert_eq!(stage.acts(&ada()).await, ["requested"]);
    }
);

both!(
    async fn who_may_not_be_reminded_is_looked_at_again_a_day_later(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        for n in 0..3 {
            stage.ask(&address(&format!("p{n}@example.com")), &[0], now()).await;
        }
        let barred = stage.id(&address("p1@example.com")).await;
        crate::failures::fail(&stage, barred, Class::Hard, now()).await;
        assert_eq!(due(&stage).await, 3);
        let remind = async |now| opt_in::remind_due(stage.db, &scheduler(stage.db, now).await, 2, now).await.unwrap();
        let queued = remind(days(1)).await + remind(days(1)).await;
        assert_eq!((queued, due(&stage).await), (2, 1));
        assert_eq!(remind(days(2)).await, 0, "it is barred still");
        let entry = suppression::active_for_subscriber(stage.db.reader(), barred).await.unwrap().remove(0);
        suppression::lift(stage.db, entry.id, Some("they rang us up"), &staff(), days(2)).await.unwrap();
        assert_eq!((remind(days(2)).await, remind(days(3)).await, due(&stage).await), (0, 1, 0));
    }
);

both!(
    async fn what_is_answered_replaced_or_over_is_not_due(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&address("bob@example.com"), &[0]).await;
        stage.ask(&ada(), &[0], now()).await;
        stage.ask(&ada(), &[0, 1], now()).await;
        assert_eq!(due(&stage).await, 2);
        let lease = scheduler(stage.db, days(1)).await;
        assert_eq!(opt_in::remind_due(stage.db, &lease, 100, days(1)).await.unwrap(), 1);
        assert_eq!(due(&stage).await, 1, "the question about both took the place of the first");
        opt_in::expire_due(stage.db, &scheduler(stage.db, days(9)).await, 100, days(9)).await.unwrap();
        assert_eq!(due(&stage).await, 0);
    }
);

both!(
    async fn a_request_that_cannot_be_read_keeps_nobody_waiting_and_ends_with_its_time(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        for (at, name) in ["words", "person", "well"].into_iter().enumerate() {
            stage.ask(&address(&format!("{name}@example.com")), &[0], now() + Duration::minutes(at as i64)).await;
        }
        let broken = "UPDATE opt_ins SET details = 'no JSON' WHERE subscriber_id = \
                      (SELECT id FROM subscribers WHERE email = 'words@example.com')";
        stage.db.writer().execute_unprepared(broken).await.unwrap();
        let broken = "UPDATE subscribers SET email = 'no address' WHERE email = 'person@example.com'";
        stage.db.writer().execute_unprepared(broken).await.unwrap();
        let day = days(1) + Duration::hours(1);
        let remind = async || opt_in::remind_due(stage.db, &scheduler(stage.db, day).await, 1, day).await.unwrap();
        // One in each round: what was passed over does not come first again.
        assert_eq!([remind().await, remind().await, remind().await], [0, 0, 1]);
        assert_eq!((stage.mails(MailKind::Reminder).await.len(), due(&stage).await), (1, 0));
        let late = days(8);
        let expire = async || opt_in::expire_due(stage.db, &scheduler(stage.db, late).await, 1, late).await.unwrap();
        assert_eq!([expire().await, expire().await, expire().await, expire().await], [1, 1, 1, 0]);
        for name in ["words", "well"] {
            let email = address(&format!("{name}@example.com"));
            assert!(stage.acts(&email).await.contains(&"expired".to_owned()), "{name}");
        }
    }
);

/// How many requests a mail is due for, now or later.
async fn due(stage: &Stage<'_>) -> i64 {
    let count = Statement::from_string(stage.db.backend(), "SELECT COUNT(due_at) FROM opt_ins");
    stage.db.reader().query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}
