use domain::{Actor, MasterKeys};
use subscribers::suppression::{self, Filter, LiftError, New, Reason, Told, Unliftable};
use testkit::{TestDb, both};
use verdict::Class;

use crate::stage::{Stage, ada, address, now, staff};

fn manual(email: &domain::EmailAddress, brand: Option<domain::BrandId>) -> New<'_> {
    New { email, brand, reason: Told::Manual, detail: "asked on the telephone" }
}

/// The first generation alone: how things were before the rotation.
fn old_keys() -> MasterKeys {
    "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".parse().unwrap()
}

both!(
    async fn an_address_is_suppressed_before_anybody_has_it_on_file(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        let made = suppression::add(stage.db, &keys, &manual(&ada(), None), &staff(), now()).await.unwrap();
        let again = suppression::add(stage.db, &keys, &manual(&ada(), None), &staff(), now()).await.unwrap();
        assert_eq!(made, again);
        let who = stage.join(&ada(), &[0]).await;
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("suppressed_manual"));
        let standing = suppression::active_for(stage.db.reader(), &keys, &ada()).await.unwrap();
        assert_eq!(standing, std::slice::from_ref(&made));

        let lifted = suppression::lift(stage.db, made.id, Some("a mistake"), &staff(), now()).await.unwrap();
        assert_eq!(lifted.lifted.unwrap().why.as_deref(), Some("a mistake"));
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        assert!(suppression::active_for(stage.db.reader(), &keys, &ada()).await.unwrap().is_empty());
    }
);

both!(
    async fn a_suppression_for_one_brand_leaves_the_others_alone(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let other = domain::BrandId::new(now());
        let txn = stage.db.begin().await.unwrap();
        let brand = brands::create(&txn, crate::stage::brand("other"), &staff(), now()).await.unwrap().id;
        txn.commit().await.unwrap();
        assert_ne!(brand, other);
        let keys = testkit::keys();
        suppression::add(stage.db, &keys, &manual(&ada(), Some(brand)), &staff(), now()).await.unwrap();
        assert_eq!(stage.why_not(who, 0, now()).await, None);
    }
);

both!(
    async fn who_may_lift_what_is_kept_by_the_store_too(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        crate::failures::fail(&stage, who, Class::Hard, now()).await;
        let entry = suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap().remove(0);
        let bare = suppression::lift(stage.db, entry.id, None, &staff(), now()).await;
        assert!(matches!(bare, Err(LiftError::Unliftable(Unliftable::WithoutReason(Reason::Hard)))));
        let rule = suppression::lift(stage.db, entry.id, Some("why"), &Actor::rule("x"), now()).await;
        assert!(matches!(rule, Err(LiftError::Unliftable(Unliftable::NotByThem(Reason::Hard)))));
        suppression::lift(stage.db, entry.id, Some("the provider says so"), &staff(), now()).await.unwrap();
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        let unknown = suppression::lift(stage.db, domain::SuppressionId::new(now()), None, &staff(), now()).await;
        assert!(matches!(unknown, Err(LiftError::NotFound(_))));
    }
);

both!(
    async fn what_staff_lift_begins_without_the_failures_that_led_to_it(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        for day in [0, 7, 14] {
            crate::failures::fail(&stage, who, Class::Soft, crate::stage::days(day)).await;
        }
        let entry = suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap().remove(0);
        suppression::lift(stage.db, entry.id, Some("they have made room"), &staff(), now()).await.unwrap();
        let effect = crate::failures::fail(&stage, who, Class::Soft, crate::stage::days(21)).await;
        assert_eq!(effect, subscribers::Effect::Counted(1));
        assert_eq!(stage.why_not(who, 0, now()).await, None);
        // The facts know who lifted it, and why; lifting it again adds nothing.
        suppression::lift(stage.db, entry.id, Some("once more"), &staff(), now()).await.unwrap();
        let released = "SELECT detail FROM facts WHERE kind = 'released'";
        let released = database::sql::rows(stage.db.reader(), released, []).await.unwrap();
        let told: Vec<String> = released.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        assert_eq!(told.len(), 1);
        let told: serde_json::Value = serde_json::from_str(&told[0]).unwrap();
        assert_eq!((&told["why"], &told["by"]), (&"they have made room".into(), &"operator".into()));
    }
);

both!(
    async fn an_old_generation_still_bars_after_the_key_was_rotated(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        suppression::add(stage.db, &old_keys(), &manual(&ada(), None), &staff(), now()).await.unwrap();
        let who = stage.join(&ada(), &[0]).await;
        assert_eq!(stage.why_not(who, 0, now()).await.as_deref(), Some("suppressed_manual"));
    }
);

both!(
    async fn people_from_before_a_rotation_are_given_the_new_hash(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let old = old_keys();
        for name in ["ada", "bob", "eve"] {
            let request = stage.request(&address(&format!("{name}@example.com")), &[0]);
            subscribers::opt_in::request(stage.db, &old, request, now()).await.unwrap();
        }
        let keys = testkit::keys();
        let (mut after, mut turns) = (None, 0);
        while let Some(last) = suppression::rehash(stage.db, &keys, after, 2).await.unwrap() {
            (after, turns) = (Some(last), turns + 1);
        }
        assert_eq!(turns, 2);
        let both: Vec<(domain::SubscriberId, i16)> = hashes(&stage).await;
        assert_eq!(both.len(), 6);
    }
);

async fn hashes(stage: &Stage<'_>) -> Vec<(domain::SubscriberId, i16)> {
    use sea_orm::{ConnectionTrait, Statement};
    let sql = Statement::from_string(stage.db.backend(), "SELECT subscriber_id, generation FROM subscriber_hashes");
    let rows = stage.db.reader().query_all_raw(sql).await.unwrap();
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}

both!(
    async fn a_person_who_lacks_the_newest_hash_is_suppressed_all_the_same(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        subscribers::opt_in::request(stage.db, &old_keys(), stage.request(&ada(), &[0]), now()).await.unwrap();
        let who = stage.id(&ada()).await;
        suppression::add(stage.db, &testkit::keys(), &manual(&ada(), None), &staff(), now()).await.unwrap();
        let standing = suppression::active_for_subscriber(stage.db.reader(), who).await.unwrap();
        assert_eq!(standing.len(), 1);
    }
);

both!(
    async fn a_key_that_was_taken_away_too_early_is_noticed(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        suppression::add(stage.db, &old_keys(), &manual(&ada(), None), &staff(), now()).await.unwrap();
        let new: MasterKeys = "2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=".parse().unwrap();
        let reader = stage.db.reader();
        assert_eq!(suppression::unreadable(reader, &new).await.unwrap(), [(domain::KeyId(1), 1)]);
        assert_eq!(suppression::unreadable(reader, &testkit::keys()).await.unwrap(), []);
    }
);

both!(
    async fn the_list_is_read_in_pages_and_by_what_is_asked(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let keys = testkit::keys();
        for at in 0..5 {
            let email = address(&format!("p{at}@example.com"));
            suppression::add(stage.db, &keys, &manual(&email, None), &staff(), now()).await.unwrap();
        }
        let page = |after| suppression::list(stage.db.reader(), &FILTER, after, 3);
        const FILTER: Filter = Filter { brand: None, reason: Some(Reason::Manual), lifted: false };
        let first = page(None).await.unwrap();
        let rest = page(first.last().map(|entry| entry.id)).await.unwrap();
        assert_eq!((first.len(), rest.len()), (3, 2));
        let hard = Filter { reason: Some(Reason::Hard), ..Filter::default() };
        assert!(suppression::list(stage.db.reader(), &hard, None, 9).await.unwrap().is_empty());
    }
);
