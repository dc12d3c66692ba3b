use domain::Locale;
use subscribers::form::{self, Definition, Draft, Form};
use subscribers::{seed, topic};
use testkit::{TestDb, both};

use crate::stage::{Stage, brand, days, now, staff};

fn draft(form: &Form) -> Draft {
    Draft {
        name: form.name.clone(),
        locale: form.current.locale,
        consent_words: form.current.consent_words.clone(),
        definition: form.current.definition.clone(),
        confirm_within_days: form.current.confirm_within_days,
    }
}

pub(crate) async fn revise(stage: &Stage<'_>, words: &str) -> Form {
    let changed = Draft { consent_words: words.to_owned(), ..draft(&stage.form) };
    form::revise(stage.db, stage.form.id, 1, changed, &staff(), days(1)).await.unwrap()
}

both!(
    async fn a_new_installation_has_three_topics_and_a_form_and_seeding_again_changes_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let slugs: Vec<&str> = stage.topics.iter().map(|topic| topic.slug.as_str()).collect();
        assert_eq!(slugs, ["offers", "events", "product-news"]);
        let asked: Vec<&str> = stage.form.current.definition.fields.iter().map(|spec| spec.field.as_str()).collect();
        assert_eq!(asked, ["name", "postal_address", "phone", "company"]);
        assert_eq!(stage.form.current.confirm_within_days, 7);
        let txn = stage.db.begin().await.unwrap();
        let again = seed::first_brand(&txn, stage.brand, &staff(), now()).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!((again.topics, again.form), (stage.topics, stage.form));
    }
);

both!(
    async fn a_second_brand_gets_a_form_of_its_own(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let txn = stage.db.begin().await.unwrap();
        let second = brands::create(&txn, brand("globex"), &staff(), now()).await.unwrap().id;
        let seeded = seed::first_brand(&txn, second, &staff(), now()).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!((seeded.form.brand, seeded.form.slug.as_str()), (second, "globex"));
        assert_eq!(stage.form.slug, seed::FORM);
        let offered: Vec<_> = seeded.topics.iter().map(|topic| topic.id).collect();
        assert_eq!(seeded.form.current.definition.topics, offered, "its own topics, not the first brand's");
    }
);

both!(
    async fn a_german_brand_begins_in_german(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let txn = stage.db.begin().await.unwrap();
        let draft = brands::Draft { locale: Locale::De, ..brand("acme-gmbh") };
        let german = brands::create(&txn, draft, &staff(), now()).await.unwrap().id;
        let seeded = seed::first_brand(&txn, german, &staff(), now()).await.unwrap();
        txn.commit().await.unwrap();
        let topics: Vec<_> = seeded.topics.iter().map(|topic| (topic.slug.as_str(), topic.name.as_str())).collect();
        let expected = [("offers", "Angebote"), ("events", "Veranstaltungen"), ("product-news", "Produktneuheiten")];
        assert_eq!(topics, expected, "the slugs are the same for programs, the names are for people");
        let form = &seeded.form.current;
        assert_eq!((form.locale, form.definition.button.as_str()), (Locale::De, "Anmelden"));
        assert!(form.consent_words.contains("dass Acme mir E-Mails"), "{}", form.consent_words);
        let of_english = stage.form.current.definition.fields.iter().map(|spec| (spec.field, spec.required));
        let of_german = form.definition.fields.iter().map(|spec| (spec.field, spec.required));
        assert!(of_english.eq(of_german), "the same is asked in every language");
    }
);

both!(
    async fn every_version_of_a_form_is_kept_as_it_was(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let revised = revise(&stage, "Other words.").await;
        assert_eq!((revised.current.number, revised.current.consent_words.as_str()), (2, "Other words."));
        let versions = form::versions(stage.db.reader(), stage.form.id).await.unwrap();
        assert_eq!(versions, [stage.form.current.clone(), revised.current.clone()]);
        let late = form::revise(stage.db, stage.form.id, 1, draft(&revised), &staff(), now()).await;
        assert!(matches!(late, Err(form::Error::Conflict { expected: 1, actual: 2, .. })));
        assert_eq!(form::find_by_slug(stage.db.reader(), seed::FORM).await.unwrap(), Some(revised));
    }
);

both!(
    async fn a_form_that_cannot_be_is_refused_with_the_field(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let good = || draft(&stage.form);
        let with = |definition: Definition| Draft { definition, ..good() };
        let definition = || stage.form.current.definition.clone();
        let twice = stage.topic(0);
        for (wrong, field) in [
            (Draft { consent_words: " ".to_owned(), ..good() }, "consent_words"),
            (Draft { confirm_within_days: 0, ..good() }, "confirm_within_days"),
            (with(Definition { topics: Vec::new(), ..definition() }), "topics"),
            (with(Definition { topics: vec![twice, twice], ..definition() }), "topics"),
            (with(Definition { title: "Two\nlines".to_owned(), ..definition() }), "title"),
        ] {
            let refused = form::revise(stage.db, stage.form.id, 1, wrong, &staff(), now()).await.unwrap_err();
            assert!(matches!(refused, form::Error::Invalid { field: named, .. } if named == field), "{field}");
        }
        let foreign = with(Definition { topics: vec![domain::TopicId::new(now())], ..definition() });
        let refused = form::create(stage.db.writer(), stage.brand, "second", foreign, &staff(), now()).await;
        assert!(matches!(refused, Err(form::Error::UnknownTopic(_))));
        let taken = form::create(stage.db.writer(), stage.brand, seed::FORM, good(), &staff(), now()).await;
        assert!(matches!(taken, Err(form::Error::SlugTaken(_))));
        assert_eq!(form::list(stage.db.reader(), Some(stage.brand)).await.unwrap().len(), 1);
    }
);

both!(
    async fn topics_are_numbered_over_all_brands_and_named_once_in_each(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let draft = topic::Draft {
            slug: "offers".to_owned(),
            name: "Offers".to_owned(),
            description: String::new(),
            position: 1,
        };
        let taken = topic::create(stage.db.writer(), stage.brand, draft.clone(), &staff(), now()).await;
        assert!(matches!(taken, Err(topic::Error::SlugTaken(_))));
        let txn = stage.db.begin().await.unwrap();
        let other = brands::create(&txn, brand("other"), &staff(), now()).await.unwrap().id;
        let made = topic::create(&txn, other, draft.clone(), &staff(), now()).await.unwrap();
        txn.commit().await.unwrap();
        assert_eq!(made.no.0, 4);
        assert_eq!(topic::find_by_no(stage.db.reader(), made.no).await.unwrap(), Some(made.clone()));

        let renamed = topic::Draft { name: "Bargains".to_owned(), ..draft.clone() };
        let renamed = topic::update(stage.db.writer(), made.id, 1, renamed, &staff(), days(1)).await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.version), ("Bargains", 2));
        let late = topic::update(stage.db.writer(), made.id, 1, draft, &staff(), days(1)).await;
        assert!(matches!(late, Err(topic::Error::Conflict { actual: 2, .. })));
        let nobody = domain::BrandId::new(now());
        let draft =
            topic::Draft { slug: "x".to_owned(), name: "X".to_owned(), description: String::new(), position: 0 };
        let orphan = topic::create(stage.db.writer(), nobody, draft, &staff(), now()).await;
        assert!(matches!(orphan, Err(topic::Error::UnknownBrand(_))), "{orphan:?}");
    }
);

both!(
    async fn an_archived_topic_takes_nobody_and_keeps_who_is_there(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&crate::stage::ada(), &[0]).await;
        topic::archive(stage.db.writer(), stage.topic(0), 1, &staff(), now()).await.unwrap();
        let request = stage.request(&crate::stage::address("bob@example.com"), &[0]);
        let refused = subscribers::opt_in::request(stage.db, &testkit::keys(), request, now()).await;
        assert!(matches!(refused, Err(subscribers::opt_in::RequestError::UnknownTopic(_))));
        assert_eq!(stage.why_not(who, 0, now()).await, None);
    }
);
