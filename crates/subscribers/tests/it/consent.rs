use std::time::Duration;

use chrono::{DateTime, Utc};
use database::Database;
use database::lease::{self, Lease};
use sea_orm::{ConnectionTrait, Statement};
use subscribers::consent::{self, Anchor, Problem, SealError, Verified};
use subscribers::opt_out::What;
use testkit::{TestDb, both};
use uuid::Uuid;

use crate::stage::{Stage, ada, address, days, now, staff};

async fn sealer(db: &Database, holder: u128, now: DateTime<Utc>) -> Option<Lease> {
    lease::acquire(db, "consent-sealer", Uuid::from_u128(holder), Duration::from_secs(30), now).await.unwrap()
}

/// Seals until there is nothing left.
async fn seal(db: &Database, now: DateTime<Utc>) -> Option<Anchor> {
    let lease = sealer(db, 1, now).await.unwrap();
    while consent::seal(db, &testkit::keys(), &lease, now).await.unwrap().is_some() {}
    consent::anchor(db.reader()).await.unwrap()
}

async fn verify(db: &Database, anchor: Option<Anchor>) -> Verified {
    consent::verify(db.reader(), &testkit::keys(), anchor).await.unwrap()
}

async fn tamper(db: &Database, sql: &str) {
    let done = db.writer().execute_unprepared(sql).await.unwrap();
    assert!(done.rows_affected() > 0, "{sql}");
}

/// A sealed ledger of two blocks: Ada's entries and Bob's.
async fn two_blocks(stage: &Stage<'_>) -> (Anchor, Anchor) {
    stage.join(&ada(), &[0, 1]).await;
    let first = seal(stage.db, now()).await.unwrap();
    stage.join(&address("bob@example.com"), &[0]).await;
    (first, seal(stage.db, now()).await.unwrap())
}

both!(
    async fn an_honest_ledger_has_no_problems(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        assert_eq!(verify(stage.db, None).await, Verified::default());
        let (first, last) = two_blocks(&stage).await;
        assert_eq!((first.block, first.seq, last.block, last.seq), (1, 4, 2, 6));
        let found = verify(stage.db, Some(first)).await;
        assert_eq!((found.sealed, found.unsealed, found.erased, found.anchor), (6, 0, 0, Some(last)));
        assert_eq!(found.problems, []);
        stage.ask(&address("eve@example.com"), &[0], now()).await;
        assert_eq!(verify(stage.db, Some(last)).await.unsealed, 1);
    }
);

both!(
    async fn an_entry_that_was_edited_shows(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        two_blocks(&stage).await;
        tamper(stage.db, "UPDATE consent_events SET act = 'vouched' WHERE seq = 2").await;
        let chain = Problem::Chain { block: 1, first: 1, last: 4 };
        assert_eq!(verify(stage.db, None).await.problems, [chain]);
    }
);

both!(
    async fn evidence_that_was_edited_or_moved_to_another_person_shows(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        two_blocks(&stage).await;
        tamper(
            stage.db,
            "UPDATE consent_events SET evidence = REPLACE(evidence, '192.0.2.7', '192.0.2.8') WHERE seq = 1",
        )
        .await;
        let bob = "(SELECT subscriber_id FROM consent_events WHERE seq = 6)";
        tamper(stage.db, &format!("UPDATE consent_events SET subscriber_id = {bob} WHERE seq = 3")).await;
        let problems = verify(stage.db, None).await.problems;
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems.iter().all(|problem| matches!(problem, Problem::Evidence(_))));
    }
);

both!(
    async fn an_entry_that_was_removed_shows(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        two_blocks(&stage).await;
        tamper(stage.db, "DELETE FROM consent_events WHERE seq = 3").await;
        assert_eq!(verify(stage.db, None).await.problems, [Problem::Chain { block: 1, first: 1, last: 4 }]);
    }
);

both!(
    async fn a_tail_that_was_cut_shows_against_an_anchor_and_only_then(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let (first, last) = two_blocks(&stage).await;
        tamper(stage.db, "DELETE FROM consent_blocks WHERE no = 2").await;
        assert_eq!(verify(stage.db, None).await.problems, [Problem::Uncovered(5)]);
        tamper(stage.db, "DELETE FROM consent_events WHERE seq > 4").await;
        assert_eq!(verify(stage.db, Some(first)).await.problems, []);
        assert_eq!(verify(stage.db, Some(last)).await.problems, [Problem::Anchor(last)]);
    }
);

both!(
    async fn a_tail_that_was_written_anew_shows_against_an_anchor(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let (_, last) = two_blocks(&stage).await;
        tamper(stage.db, "DELETE FROM consent_blocks WHERE no = 2").await;
        tamper(stage.db, "DELETE FROM consent_events WHERE seq > 4").await;
        stage.join(&address("mallory@example.com"), &[0]).await;
        seal(stage.db, now()).await;
        let found = verify(stage.db, Some(last)).await;
        assert_eq!(found.problems, [Problem::Anchor(last)]);
    }
);

both!(
    async fn a_head_that_was_not_signed_by_us_shows(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        two_blocks(&stage).await;
        tamper(stage.db, "UPDATE consent_blocks SET last_seq = last_seq, key_id = 1 WHERE no = 1").await;
        tamper(stage.db, "UPDATE consent_blocks SET key_id = 9 WHERE no = 2").await;
        let problems = verify(stage.db, None).await.problems;
        assert_eq!(problems, [Problem::Signature(1), Problem::UnknownKey { block: 2, key: domain::KeyId(9) }]);
    }
);

both!(
    async fn the_words_of_a_form_cannot_be_changed_afterwards(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        two_blocks(&stage).await;
        tamper(stage.db, "UPDATE form_versions SET consent_words = 'I agree to everything'").await;
        let problems = verify(stage.db, None).await.problems;
        assert_eq!(problems.len(), 6);
        assert!(problems.iter().all(|problem| matches!(problem, Problem::Words(_))));
    }
);

both!(
    async fn the_chain_stays_true_when_a_person_is_erased(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let (first, last) = two_blocks(&stage).await;
        let who = stage.id(&ada()).await;
        subscribers::erase(stage.db, who, &staff(), now()).await.unwrap();
        let sealed = seal(stage.db, now()).await.unwrap();
        assert_eq!(sealed.seq, last.seq + 1);
        for anchor in [first, last, sealed] {
            let found = verify(stage.db, Some(anchor)).await;
            assert_eq!((found.problems, found.erased), (Vec::new(), 4));
        }
    }
);

both!(
    async fn two_sealers_at_once_do_not_fork_the_chain(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0, 1, 2]).await;
        // The worst case: both believe that they hold the lease.
        let lease = sealer(stage.db, 1, now()).await.unwrap();
        let keys = testkit::keys();
        let run = || consent::seal(stage.db, &keys, &lease, now());
        let (a, b, c) = tokio::join!(run(), run(), run());
        let sealed = [a, b, c].into_iter().filter(|done| matches!(done, Ok(Some(_)))).count();
        assert_eq!(sealed, 1);
        let found = verify(stage.db, None).await;
        assert_eq!((found.sealed, found.problems), (6, Vec::new()));
    }
);

both!(
    async fn a_sealer_that_was_frozen_past_its_lease_seals_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0]).await;
        let frozen = sealer(stage.db, 1, now()).await.unwrap();
        let later = now() + Duration::from_secs(31);
        let fresh = sealer(stage.db, 2, later).await.unwrap();
        let keys = testkit::keys();
        assert!(matches!(consent::seal(stage.db, &keys, &frozen, later).await, Err(SealError::LeaseLost)));
        assert!(consent::seal(stage.db, &keys, &fresh, later).await.unwrap().is_some());
    }
);

both!(
    async fn what_commits_late_is_not_jumped_over_and_breaks_nothing(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let (early, late) = (stage.join(&ada(), &[0]).await, stage.join(&address("bob@example.com"), &[0]).await);
        let leave = |who| subscribers::opt_out::Leave {
            subscriber: who,
            what: What::Topic(stage.topic(0)),
            source: subscribers::Source::OneClick,
            actor: domain::Actor::Subscriber(who),
            evidence: crate::stage::evidence(),
        };
        seal(stage.db, now()).await;
        // SQLite has one writer, so there nothing can commit late.
        if stage.db.backend() == sea_orm::DbBackend::Postgres {
            let slow = stage.db.begin().await.unwrap();
            subscribers::opt_out::leave_within(&slow, &leave(early), now()).await.unwrap();
            subscribers::opt_out::leave(stage.db, &leave(late), days(1)).await.unwrap();
            assert_eq!(seal(stage.db, days(1)).await.unwrap().seq, 5);
            slow.commit().await.unwrap();
            assert_eq!(seal(stage.db, days(1)).await.unwrap().seq, 6);
            let found = verify(stage.db, None).await;
            assert_eq!((found.sealed, found.unsealed, found.problems), (6, 0, Vec::new()));
        }
    }
);

both!(
    async fn more_than_a_block_holds_is_sealed_in_several(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        crate::imports::bring(&stage, (0..620).map(|at| format!("p{at}@example.com")).collect()).await;
        let last = seal(stage.db, now()).await.unwrap();
        assert_eq!((last.block, last.seq), (2, 620));
        assert_eq!(verify(stage.db, Some(last)).await.problems, []);
    }
);

both!(
    async fn the_ledger_shows_the_words_that_a_person_saw_even_after_the_form_has_changed(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        stage.join(&ada(), &[0]).await;
        crate::forms::revise(&stage, "I agree to other words.").await;
        let shown = consent::show(stage.db.reader(), &ada()).await.unwrap().unwrap();
        assert!(shown.iter().all(|entry| entry.intact));
        for entry in &shown {
            assert!(entry.form.as_ref().unwrap().consent_words.starts_with("I agree that Acme sends me emails"));
            let proof = entry.proof.as_ref().unwrap();
            assert_eq!(proof.ip, Some("192.0.2.7".parse().unwrap()));
            assert_eq!(proof.user_agent.as_deref(), Some("Mozilla/5.0"));
        }
        assert!(consent::show(stage.db.reader(), &address("nobody@example.com")).await.unwrap().is_none());
    }
);

both!(
    async fn an_entry_names_nobody_outside_its_evidence(db: TestDb) {
        let stage = Stage::set(db.database()).await;
        let who = stage.join(&ada(), &[0]).await;
        let sql = "SELECT actor_kind FROM consent_events WHERE subscriber_id = $1";
        let rows = Statement::from_sql_and_values(stage.db.backend(), sql, [who.into()]);
        for row in stage.db.reader().query_all_raw(rows).await.unwrap() {
            assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "subscriber");
        }
    }
);
