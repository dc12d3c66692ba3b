//! Consent to being counted one by one: for one brand, and in the ledger.

use brands::Draft;
use subscribers::consent::{self, Act};
use subscribers::{Basis, tracking};
use testkit::{TestDb, both};

use crate::stage::{Stage, ada, days, evidence, now, staff};

const WORDS: &str = "Acme may count which of its mails I open.";

both! {
    async fn nobody_is_counted_before_they_agree_and_none_after_they_withdraw(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let person = stage.join(&ada(), &[0]).await;
        let (db, reader) = (stage.db, stage.db.reader());
        let on_file = async || subscribers::recipients(reader, &[person]).await.unwrap()[0].tracking_consent;
        assert!(!tracking::is_allowed(reader, person, stage.brand).await.unwrap() && !on_file().await);
        let allow = async || tracking::allow(db, person, stage.brand, WORDS, &evidence(), days(1)).await.unwrap();
        assert_eq!((allow().await, allow().await), (true, false), "twice is once");
        assert!(tracking::is_allowed(reader, person, stage.brand).await.unwrap() && on_file().await);
        let withdraw = async || tracking::withdraw(db, person, stage.brand, &evidence(), days(2)).await.unwrap();
        assert_eq!((withdraw().await, withdraw().await), (true, false));
        assert!(!tracking::is_allowed(reader, person, stage.brand).await.unwrap() && !on_file().await);

        let ledger = consent::show(reader, &ada()).await.unwrap().unwrap();
        let of_tracking: Vec<_> = ledger.iter().filter(|entry| entry.topic.is_none()).collect();
        let [allowed, withdrawn] = of_tracking.as_slice() else { panic!("{of_tracking:?}") };
        assert_eq!((allowed.act, allowed.basis, allowed.brand), (Act::TrackingAllowed, Some(Basis::Consent), stage.brand));
        assert_eq!(allowed.proof.as_ref().unwrap().note.as_deref(), Some(WORDS));
        assert_eq!((withdrawn.act, withdrawn.basis), (Act::TrackingWithdrawn, None));
        assert!(allowed.intact && withdrawn.intact);
    }
}

both! {
    async fn what_one_brand_may_no_other_may(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let person = stage.join(&ada(), &[0]).await;
        let draft = Draft::new("other", "Other", "news@example.org".parse().unwrap(), "2 High Street", "https://example.org".parse().unwrap());
        let other = brands::create(stage.db.writer(), draft, &staff(), now()).await.unwrap().id;
        tracking::allow(stage.db, person, stage.brand, WORDS, &evidence(), now()).await.unwrap();
        let reader = stage.db.reader();
        assert!(!tracking::is_allowed(reader, person, other).await.unwrap());
        assert!(tracking::among(reader, other, &[person]).await.unwrap().is_empty());
        assert!(tracking::among(reader, stage.brand, &[person]).await.unwrap().contains(&person));
        tracking::allow(stage.db, person, other, WORDS, &evidence(), now()).await.unwrap();
        tracking::withdraw(stage.db, person, stage.brand, &evidence(), now()).await.unwrap();
        assert!(subscribers::recipients(reader, &[person]).await.unwrap()[0].tracking_consent, "the other still may");
        // Nothing of it outlives the person.
        subscribers::erase(stage.db, person, &staff(), now()).await.unwrap();
        assert!(!tracking::is_allowed(reader, person, other).await.unwrap());
        assert!(!tracking::allow(stage.db, person, other, WORDS, &evidence(), now()).await.unwrap());
    }
}
