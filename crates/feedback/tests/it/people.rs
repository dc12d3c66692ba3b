//! What a returned mail does to the person whom it is about.

use activity::Kind;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{Actor, DeliveryKey, EmailAddress, Locale, SubscriberId, TopicNo};
use feedback::{Incoming, Processed, Standing, process};
use links::Person;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use subscribers::suppression::{Reason, active_for_subscriber};
use subscribers::{Basis, New, Profile, Source, seed};
use testkit::{TestDb, both, keys, start_of_time};

use crate::world::{World, address, sample};

/// Ada, who is subscribed to all three topics of the brand.
pub(crate) struct Ada<'a> {
    pub(crate) world: World<'a>,
    pub(crate) id: SubscriberId,
    topic: TopicNo,
}

impl<'a> Ada<'a> {
    pub(crate) async fn new(db: &'a TestDb) -> Self {
        let world = World::new(db.database()).await;
        let now = start_of_time();
        let txn = world.db.begin().await.unwrap();
        let topics = seed::first_brand(&txn, world.brand, &Actor::Operator, now).await.unwrap().topics;
        txn.commit().await.unwrap();
        let id = subscribed(&world, "ada@example.org").await;
        Self { world, id, topic: topics[0].no }
    }

    pub(crate) async fn sent(&self) -> DeliveryKey {
        self.world.sent("ada@example.org", "yahoo", Some(self.id)).await
    }

    pub(crate) async fn suppressed(&self) -> Vec<(Reason, bool)> {
        let standing = active_for_subscriber(self.world.db.reader(), self.id).await.unwrap();
        standing.into_iter().map(|suppression| (suppression.reason, suppression.brand.is_some())).collect()
    }

    async fn subscriptions(&self) -> usize {
        let sql = "SELECT topic_id FROM subscriptions WHERE state = 'confirmed'";
        let statement = Statement::from_string(self.world.db.backend(), sql);
        self.world.db.reader().query_all_raw(statement).await.unwrap().len()
    }

    fn person(&self) -> Person {
        Person { subscriber: self.id, topic: self.topic }
    }

    fn unsubscribe_address(&self) -> EmailAddress {
        self.world.links.unsubscribe_mailto(&self.world.site, self.person()).unwrap()
    }

    pub(crate) async fn process_at(&self, to: &EmailAddress, raw: &str, now: DateTime<Utc>) {
        let incoming = Incoming { source: "test", from: "", to: std::slice::from_ref(to), raw: raw.as_bytes() };
        process(self.world.db, &self.world.links, incoming, now).await.unwrap();
    }
}

/// Somebody who is subscribed to all topics of the brand.
pub(crate) async fn subscribed(world: &World<'_>, email: &str) -> SubscriberId {
    let topics = subscribers::topic::list(world.db.reader(), world.brand).await.unwrap();
    let new = New {
        email: address(email),
        profile: Profile::default(),
        locale: Locale::En,
        topics: topics.iter().map(|topic| topic.id).collect(),
        basis: Basis::Consent,
        stated: "asked at the fair".to_owned(),
        until: None,
        source: Source::Api,
    };
    subscribers::create(world.db, &keys(), new, &Actor::Operator, start_of_time()).await.unwrap().id
}

both!(
    async fn an_unknown_user_is_not_mailed_again_by_any_brand(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        ada.world.process(&ada.world.return_path(key), &ada.world.returned("postfix-unknown-user.eml", key)).await;
        assert_eq!(ada.suppressed().await, [(Reason::Hard, false)]);
        assert_eq!(ada.subscriptions().await, 3);
    }
);

both!(
    async fn a_refusal_for_reputation_touches_nobody(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        ada.world.process(&ada.world.return_path(key), &ada.world.returned("broken-boundary.eml", key)).await;
        assert!(ada.suppressed().await.is_empty());
        let subscriber = subscribers::find(ada.world.db.reader(), ada.id).await.unwrap().unwrap();
        assert_eq!(subscriber.score, 0);
    }
);

both!(
    async fn a_full_mailbox_is_counted_until_it_is_too_much(db: TestDb) {
        let ada = Ada::new(&db).await;
        for (day, suppressed) in [(0, 0), (8, 0), (16, 1)] {
            let key = ada.sent().await;
            let report = ada.world.returned("several-recipients.eml", key).replace("full@", "ada@");
            ada.process_at(&ada.world.return_path(key), &report, start_of_time() + TimeDelta::days(day)).await;
            assert_eq!(ada.suppressed().await.len(), suppressed, "day {day}");
        }
        assert_eq!(ada.suppressed().await, [(Reason::Soft, false)]);
    }
);

both!(
    async fn a_report_that_comes_again_when_it_is_forgotten_counts_once(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let (to, report) =
            (ada.world.return_path(key), ada.world.returned("several-recipients.eml", key).replace("full@", "ada@"));
        ada.process_at(&to, &report, start_of_time()).await;
        let later = start_of_time() + TimeDelta::days(31);
        assert_eq!(feedback::forget_reports(ada.world.db.writer(), 10, later).await.unwrap(), 1);
        assert_eq!(feedback::expire(ada.world.db.writer(), later, 10).await.unwrap(), 1);
        ada.process_at(&to, &report, later).await;
        assert_eq!(ada.world.facts().await, [Kind::Bounced]);
        assert_eq!(subscribers::find(ada.world.db.reader(), ada.id).await.unwrap().unwrap().score, 1);
        assert_eq!(outbox::counts(ada.world.db.reader(), key.mailing).await.unwrap().bounced, 1);
        let delivery = outbox::find(ada.world.db.reader(), key).await.unwrap().unwrap();
        assert_eq!(delivery.bounced_at, Some(start_of_time()));
        let kept = feedback::list(ada.world.db.reader(), feedback::Filter::default(), None, 10).await.unwrap();
        assert_eq!((kept.len(), kept[0].standing), (1, Standing::Noted));
    }
);

both!(
    async fn a_refusal_for_reputation_that_is_told_again_pauses_nobody_again(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let (to, report) = (ada.world.return_path(key), ada.world.returned("broken-boundary.eml", key));
        ada.process_at(&to, &report, start_of_time()).await;
        let later = start_of_time() + TimeDelta::days(31);
        feedback::forget_reports(ada.world.db.writer(), 10, later).await.unwrap();
        ada.process_at(&to, &format!("X-Way: 2\r\n{report}"), later).await;
        assert!(limits::pause::active(ada.world.db.reader(), later).await.unwrap().is_empty());
    }
);

both!(
    async fn a_complaint_with_a_token_ends_the_brands_mail(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let report = ada.world.returned("feedback-abuse.eml", key);
        let to = address("fbl@bounce.example.com");
        assert_eq!(ada.world.standing(&to, &report).await, Some(Standing::Acted));
        assert_eq!(ada.suppressed().await, [(Reason::Complaint, true)]);
        let delivery = outbox::find(ada.world.db.reader(), key).await.unwrap().unwrap();
        assert_eq!(delivery.complained_at, Some(start_of_time()));
        // Told once more, by other bytes: nobody complains twice about one message.
        ada.world.process(&to, &format!("X-Way: 2\r\n{report}")).await;
        assert_eq!(ada.world.facts().await, [Kind::Complained]);
        assert_eq!(ada.suppressed().await.len(), 1);
    }
);

both!(
    async fn a_complaint_with_the_feedback_id_of_a_message_or_at_its_own_address_ends_the_brands_mail(db: TestDb) {
        let ada = Ada::new(&db).await;
        let (first, second) = (ada.sent().await, ada.sent().await);
        let id = ada.world.links.envid(first).unwrap();
        let fixed = address("fbl@bounce.example.com");
        let with = |id: &str| format!("CFBL-Feedback-ID: {id}\r\nMessage-ID: <other@example.net>\r\n");
        let report = |id: &str| {
            sample("feedback-abuse.eml").lines().fold(String::new(), |mut mail, line| {
                let is_trace = ["Message-ID: <m-token", "Return-Path:", "List-Unsubscribe", "Original-Mail-From:"];
                match is_trace.iter().any(|name| line.starts_with(name)) {
                    true if line.starts_with("Message-ID") => mail += &with(id),
                    true => {}
                    false => mail += &format!("{line}\r\n"),
                }
                mail
            })
        };
        let forged = format!("b{}", &id[1..]);
        assert_ne!(ada.world.standing(&fixed, &report(&forged)).await, Some(Standing::Acted), "it is not ours");
        assert_eq!(ada.suppressed().await, []);
        assert_eq!(ada.world.standing(&fixed, &report(&id)).await, Some(Standing::Acted));
        assert_eq!(ada.suppressed().await, [(Reason::Complaint, true)]);
        let own = ada.world.return_path(second);
        assert_eq!(ada.world.standing(&own, &report("nothing")).await, Some(Standing::Acted), "CFBL-Address");
        let delivery = outbox::find(ada.world.db.reader(), second).await.unwrap().unwrap();
        assert_eq!(delivery.complained_at, Some(start_of_time()));
    }
);

both!(
    async fn a_complaint_that_knows_no_more_than_the_link_of_a_footer_does_what_the_link_does(db: TestDb) {
        let ada = Ada::new(&db).await;
        let link = ada.world.links.unsubscribe_url(&ada.world.site, ada.person());
        let mailto = ada.unsubscribe_address();
        for trace in
            [("https://news.example.com/u/token", link.as_str()), ("unsub-token@bounce.example.com", mailto.as_str())]
        {
            let report = sample("feedback-abuse.eml").replace(trace.0, trace.1);
            let standing = ada.world.standing(&address("fbl@bounce.example.com"), &report).await;
            assert_eq!(standing, Some(Standing::Acted), "{trace:?}");
            assert_eq!(ada.subscriptions().await, 0, "{trace:?}");
        }
        assert!(ada.suppressed().await.is_empty(), "whoever was forwarded the mail has the link");
        let facts = ada.world.facts().await;
        assert!(!facts.is_empty() && facts.iter().all(|kind| *kind == Kind::Unsubscribed), "{facts:?}");
    }
);

both!(
    async fn a_link_of_somebody_elses_mail_beside_ones_own_token_is_no_complaint_of_theirs(db: TestDb) {
        let ada = Ada::new(&db).await;
        // A message of ours to an address that is nobody's on file any more.
        let own = ada.world.sent("eve@example.org", "other", None).await;
        let link = ada.world.links.unsubscribe_url(&ada.world.site, ada.person());
        let report =
            ada.world.returned("feedback-abuse.eml", own).replace("https://news.example.com/u/token", link.as_str());
        assert_eq!(ada.world.standing(&address("fbl@bounce.example.com"), &report).await, Some(Standing::Acted));
        assert!(ada.suppressed().await.is_empty());
        let delivery = outbox::find(ada.world.db.reader(), own).await.unwrap().unwrap();
        assert_eq!(delivery.complained_at, None);
    }
);

both!(
    async fn who_takes_a_complaint_back_changes_nothing(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let report = ada.world.returned("feedback-not-spam.eml", key);
        assert_eq!(ada.world.standing(&address("fbl@bounce.example.com"), &report).await, Some(Standing::Noted));
        assert!(ada.suppressed().await.is_empty());
    }
);

both!(
    async fn a_mail_to_the_unsubscribe_address_leaves_the_topic_whoever_it_is_from(db: TestDb) {
        let ada = Ada::new(&db).await;
        let to = ada.unsubscribe_address();
        let mail = "From: somebody.else@example.net\r\nSubject: please\r\n\r\nno more\r\n";
        assert_eq!(ada.world.standing(&to, mail).await, Some(Standing::Acted));
        assert_eq!(ada.subscriptions().await, 2);
        assert!(ada.suppressed().await.is_empty());
        // Again, and nothing more is left.
        ada.world.process(&to, &format!("X-Way: 2\r\n{mail}")).await;
        assert_eq!(ada.subscriptions().await, 2);
    }
);

both!(
    async fn a_program_that_answers_the_unsubscribe_address_leaves_nothing(db: TestDb) {
        let ada = Ada::new(&db).await;
        for name in ["out-of-office.eml", "postfix-unknown-user.eml"] {
            ada.world.process(&ada.unsubscribe_address(), &sample(name)).await;
        }
        assert_eq!(ada.subscriptions().await, 3);
    }
);

both!(
    async fn the_one_word_in_answer_to_a_message_leaves_the_brand(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let word = sample("unsubscribe-word.eml");
        let postmaster = address("postmaster@bounce.example.com");
        // Without a token it could be anybody who writes somebody's name.
        assert_eq!(ada.world.standing(&postmaster, &word).await, Some(Standing::NotUnderstood));
        assert_eq!(ada.subscriptions().await, 3);
        let id = ada.world.links.message_id(&ada.world.site, key).unwrap();
        let answer = format!("In-Reply-To: <{id}>\r\n{word}");
        assert_eq!(ada.world.standing(&postmaster, &answer).await, Some(Standing::Acted));
        assert_eq!(ada.subscriptions().await, 0);
    }
);

both!(
    async fn an_auto_reply_counts_nothing_against_the_person(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let reply = ada.world.returned("out-of-office.eml", key);
        assert_eq!(ada.world.standing(&ada.world.return_path(key), &reply).await, Some(Standing::Noted));
        assert!(ada.suppressed().await.is_empty());
        assert_eq!(ada.subscriptions().await, 3);
        assert_eq!(subscribers::find(ada.world.db.reader(), ada.id).await.unwrap().unwrap().score, 0);
    }
);

both!(
    async fn what_comes_back_about_an_erased_person_is_kept_without_its_text(db: TestDb) {
        let ada = Ada::new(&db).await;
        let (key, to) = (ada.sent().await, ada.unsubscribe_address());
        let kept_before = ada.world.process(&ada.world.return_path(key), "Subject: hello\r\n\r\nI am Ada\r\n").await;
        assert_eq!(feedback::forget(ada.world.db, Some(ada.id), &address("ada@example.org")).await.unwrap(), 1);
        subscribers::erase(ada.world.db, ada.id, &Actor::Operator, start_of_time()).await.unwrap();
        let report = ada.world.returned("postfix-unknown-user.eml", key);
        let late = ada.world.process(&ada.world.return_path(key), &report).await;
        let wish = ada.world.process(&to, "Subject: no more\r\n\r\nI am ada@example.org\r\n").await;
        for done in [kept_before, late, wish] {
            let Processed::Kept { id, .. } = done else { panic!("{done:?}") };
            assert_eq!(feedback::raw(ada.world.db.reader(), id).await.unwrap(), Some(Vec::new()));
            let kept = feedback::find(ada.world.db.reader(), id).await.unwrap().unwrap();
            assert_eq!((kept.subscriber, kept.envelope_to.as_str()), (None, ""));
        }
        assert!(outbox::find(ada.world.db.reader(), key).await.unwrap().unwrap().bounced_at.is_some());
    }
);

both!(
    async fn a_complaint_about_the_mail_of_an_erased_person_is_kept_without_its_text_whatever_link_it_has(db: TestDb) {
        let ada = Ada::new(&db).await;
        let eve = subscribed(&ada.world, "eve@example.org").await;
        let key = ada.world.sent("eve@example.org", "other", Some(eve)).await;
        subscribers::erase(ada.world.db, eve, &Actor::Operator, start_of_time()).await.unwrap();
        let link = ada.world.links.unsubscribe_url(&ada.world.site, ada.person());
        let report =
            ada.world.returned("feedback-abuse.eml", key).replace("https://news.example.com/u/token", link.as_str());
        let done = ada.world.process(&address("fbl@bounce.example.com"), &report).await;
        let Processed::Kept { id, standing: Standing::Acted } = done else { panic!("{done:?}") };
        assert_eq!(ada.subscriptions().await, 0, "the link does what it does");
        assert_eq!(feedback::raw(ada.world.db.reader(), id).await.unwrap(), Some(Vec::new()));
        let kept = feedback::find(ada.world.db.reader(), id).await.unwrap().unwrap();
        assert_eq!((kept.envelope_to.as_str(), kept.delivery), ("", Some(key)));
    }
);

both!(
    async fn a_report_waits_for_whoever_acts_on_the_person_and_ends_neither(db: TestDb) {
        let ada = Ada::new(&db).await;
        let key = ada.sent().await;
        let (to, report) = (ada.world.return_path(key), ada.world.returned("postfix-unknown-user.eml", key));
        let erasure = db.database().begin().await.unwrap();
        assert!(subscribers::hold(&erasure, ada.id).await.unwrap());
        let erase = async {
            waits_for_a_lock(&db).await;
            outbox::forget(&erasure, ada.id).await.unwrap();
            erasure.commit().await.unwrap();
        };
        tokio::join!(ada.world.process(&to, &report), erase);
        let delivery = outbox::find(ada.world.db.reader(), key).await.unwrap().unwrap();
        assert!(delivery.bounced_at.is_some() && delivery.subscriber.is_none());
        assert!(ada.suppressed().await.is_empty(), "the message is nobody's any more");
    }
);

/// Until another transaction waits for what this one holds. On SQLite it waits before it begins.
async fn waits_for_a_lock(db: &TestDb) {
    let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let backend = db.database().backend();
    if backend != DbBackend::Postgres {
        return;
    }
    while db.database().reader().query_one_raw(Statement::from_string(backend, sql)).await.unwrap().is_none() {}
}
