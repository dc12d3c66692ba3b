//! Brands in both databases.

#![expect(clippy::unwrap_used, reason = "a test ends where a helper fails")]

use brands::{Draft, Error};
use domain::{Actor, BrandId, Locale};
use testkit::{TestDb, both, start_of_time};

fn draft(slug: &str) -> Draft {
    Draft {
        slug: slug.to_owned(),
        name: format!("Brand {slug}"),
        from_name: "Acme news".to_owned(),
        from_address: "news@example.com".parse().unwrap(),
        reply_to: Some("office@acme.example".parse().unwrap()),
        postal_address: "1 High Street\nLondon".to_owned(),
        website: Some("https://example.com".parse().unwrap()),
        privacy_url: None,
        accent: "#0b6e4f".to_owned(),
        locale: Locale::De,
        sending_domain: "example.com".to_owned(),
        bounce_domain: "bounce.example.com".to_owned(),
        base_url: "https://news.example.com".parse().unwrap(),
        soft_bounce_limit: 3,
        soft_bounce_days: 14,
        alerts_address: None,
        anonymous_clicks: false,
        hits_kept_days: 30,
    }
}

both!(
    async fn a_brand_is_found_as_it_was_made(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let made = brands::create(db.writer(), draft("acme"), &Actor::Operator, now).await.unwrap();

        assert_eq!(Draft::from(made.clone()), draft("acme"));
        assert_eq!((made.version, made.created_at, made.created_by.clone()), (1, now, Actor::Operator));
        assert_eq!(brands::find(db.reader(), made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(brands::find_by_slug(db.reader(), "acme").await.unwrap(), Some(made));
        assert_eq!(brands::find(db.reader(), BrandId::new(now)).await.unwrap(), None);
    }
);

both!(
    async fn brands_are_listed_by_name(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        for slug in ["b", "c", "a"] {
            brands::create(db.writer(), draft(slug), &Actor::Operator, now).await.unwrap();
        }
        let slugs: Vec<String> = brands::list(db.reader()).await.unwrap().into_iter().map(|brand| brand.slug).collect();
        assert_eq!(slugs, ["a", "b", "c"]);
    }
);

both!(
    async fn a_slug_that_is_taken_is_refused_and_leaves_the_transaction_usable(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let txn = db.begin().await.unwrap();
        brands::create(&txn, draft("acme"), &Actor::Operator, now).await.unwrap();
        let again = brands::create(&txn, draft("acme"), &Actor::Operator, now).await;
        assert!(matches!(again, Err(Error::SlugTaken(slug)) if slug == "acme"));
        brands::create(&txn, draft("other"), &Actor::Operator, now).await.unwrap();
        txn.commit().await.unwrap();

        let other = brands::find_by_slug(db.reader(), "other").await.unwrap().unwrap();
        let renamed = brands::update(db.writer(), other.id, 1, draft("acme"), &Actor::Operator, now).await;
        assert!(matches!(renamed, Err(Error::SlugTaken(slug)) if slug == "acme"));
    }
);

both!(
    async fn a_change_meant_for_an_older_version_is_refused(db: TestDb) {
        let (db, now) = (db.database(), start_of_time());
        let made = brands::create(db.writer(), draft("acme"), &Actor::Operator, now).await.unwrap();
        let renamed = Draft { name: "Acme Limited".to_owned(), ..draft("acme") };

        let changed = brands::update(db.writer(), made.id, 1, renamed.clone(), &Actor::System, now).await.unwrap();
        assert_eq!((changed.name.as_str(), changed.version), ("Acme Limited", 2));
        assert_eq!((changed.created_by, changed.updated_by), (Actor::Operator, Actor::System));

        let late = brands::update(db.writer(), made.id, 1, draft("acme"), &Actor::Operator, now).await;
        assert!(matches!(late, Err(Error::Conflict { expected: 1, actual: 2, .. })));
        let missing = brands::update(db.writer(), BrandId::new(now), 1, renamed, &Actor::Operator, now).await;
        assert!(matches!(missing, Err(Error::NotFound(_))));
    }
);
