use domain::Locale;
use subscribers::opt_out::What;
use subscribers::subscription::State;
use subscribers::{Basis, Change, Error, Filter, New, Profile, Source};
use testkit::{TestDb, both};
use verdict::Class;

use crate::stage::{Stage, ada, address, days, now, staff};

fn new(stage: &Stage<'_>, email: &str) -> New {
    New {
        email: address(email),
        profile: Profile { name: Some("Ada".to_owned()), ..Profile::default() },
        locale: Locale::De,
        topics: vec![stage.topic(0)],
        basis: Basis::Contract,
        stated: "order 4711".to_owned(),
        until: None,
        source: Source::Api,
    }
}

both!(
    async fn staff_bring_a_person_on_file_on_a_basis_that_they_name(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        let made = subscribers::create(stage.db, &keys, new(&stage, "ada@gmail.com"), &staff(), now()).await.unwrap();
        assert_eq!((made.locale, made.provider.as_str()), (Locale::De, "gmail"));
        assert_eq!(stage.why_not(made.id, 0, now()).await, None);
        let shown = subscribers::consent::show(stage.db.reader(), &made.email).await.unwrap().unwrap();
        assert_eq!(shown[0].basis, Some(Basis::Contract));
        let again = subscribers::create(stage.db, &keys, new(&stage, "Ada@gmail.com"), &staff(), now()).await;
        assert!(matches!(again, Err(Error::EmailTaken(_))));
    }
);

both!(
    async fn nobody_is_brought_on_file_for_a_topic_that_is_not_there_or_against_a_suppression(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        let unknown = New { topics: vec![domain::TopicId::new(now())], ..new(&stage, "ada@example.com") };
        let refused = subscribers::create(stage.db, &keys, unknown, &staff(), now()).await;
        assert!(matches!(refused, Err(Error::UnknownTopic(_))));
        assert!(subscribers::find_by_email(stage.db.reader(), &ada()).await.unwrap().is_none());

        let bob = stage.join(&address("bob@example.com"), &[0]).await;
        subscribers::erase(stage.db, bob, &staff(), now()).await.unwrap();
        let refused = subscribers::create(stage.db, &keys, new(&stage, "bob@example.com"), &staff(), now()).await;
        assert!(matches!(refused, Err(Error::Suppressed(_))));
    }
);

both!(
    async fn a_change_needs_the_version_that_it_was_meant_for(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        let who = stage.join(&ada(), &[0]).await;
        let before = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap();
        let change = || Change {
            profile: Some(Profile { phone: Some("+44 20 7946 0000".to_owned()), ..Profile::default() }),
            ..Change::default()
        };
        let update =
            async |version| subscribers::update(stage.db, &keys, who, version, change(), &staff(), days(1)).await;
        let after = update(before.version).await.unwrap();
        assert_eq!((after.version, after.profile.name), (before.version + 1, None));
        assert_eq!((after.updated_at, after.updated_by), (days(1), staff()));
        assert!(matches!(update(before.version).await, Err(Error::Conflict { .. })));
    }
);

both!(
    async fn a_new_address_has_its_own_suppressions_and_its_own_health(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        let who = stage.join(&ada(), &[0]).await;
        stage.join(&address("bob@example.com"), &[0]).await;
        crate::failures::fail(&stage, who, Class::Hard, now()).await;
        let version = subscribers::find(stage.db.reader(), who).await.unwrap().unwrap().version;
        let to = |email: &str| Change { email: Some(address(email)), ..Change::default() };
        let taken = subscribers::update(stage.db, &keys, who, version, to("bob@example.com"), &staff(), now()).await;
        assert!(matches!(taken, Err(Error::EmailTaken(_))));
        subscribers::update(stage.db, &keys, who, version, to("ada@example.org"), &staff(), now()).await.unwrap();
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        let back = subscribers::update(stage.db, &keys, who, version + 1, to("ada@example.com"), &staff(), now()).await;
        assert!(back.is_ok());
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("suppressed_hard"));
    }
);

both!(
    async fn people_are_listed_in_pages_by_topic_state_and_address(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        for at in 0..5 {
            stage.join(&address(&format!("p_{at}@example.com")), &[0]).await;
        }
        let left = stage.join(&address("px5@example.com"), &[0]).await;
        stage.leave(left, What::Topic(stage.topic(0)), now()).await;
        let count =
            async |filter: Filter| subscribers::list(stage.db.reader(), &filter, None, 100).await.unwrap().len();
        assert_eq!(count(Filter::default()).await, 6);
        assert_eq!(
            count(Filter { topic: Some((stage.topic(0), Some(State::Confirmed))), ..Filter::default() }).await,
            5
        );
        assert_eq!(count(Filter { topic: Some((stage.topic(0), None)), ..Filter::default() }).await, 6);
        assert_eq!(count(Filter { topic: Some((stage.topic(1), None)), ..Filter::default() }).await, 0);
        // An underscore is one, not any letter.
        assert_eq!(count(Filter { email_prefix: Some("P_".to_owned()), ..Filter::default() }).await, 5);
        assert_eq!(count(Filter { email_prefix: Some("%".to_owned()), ..Filter::default() }).await, 0);
        let first = subscribers::list(stage.db.reader(), &Filter::default(), None, 4).await.unwrap();
        let rest = subscribers::list(stage.db.reader(), &Filter::default(), Some(first[3].id), 4).await.unwrap();
        assert_eq!(rest.len(), 2);
        let ids: Vec<_> = first.iter().map(|person| person.id).collect();
        assert_eq!(subscribers::recipients(stage.db.reader(), &ids).await.unwrap().len(), 4);
    }
);

both!(
    async fn a_person_is_given_all_that_is_kept_about_them(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let export = subscribers::export(stage.db.reader(), who, days(1)).await.unwrap().unwrap();
        let json = serde_json::to_value(&export).unwrap();
        assert_eq!(json["email"], "ada@example.com");
        assert_eq!(json["subscriptions"][0]["state"], "confirmed");
        assert_eq!(json["consent"][0]["ip"], "192.0.2.7");
        assert!(json["consent"][0]["words"].as_str().unwrap().starts_with("I agree that Acme"));
        let nobody = subscribers::export(stage.db.reader(), domain::SubscriberId::NOBODY, now()).await.unwrap();
        assert!(nobody.is_none());
    }
);
