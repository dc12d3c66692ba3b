//! Facts and their readers on both databases.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

use std::time::Duration;

use activity::{
    Cursor, Fact, Kind, adopt, advance, advance_from, begin_at_the_end, forget, position, read, read_failures, record,
    record_all,
};
use database::Database;
use domain::{BrandId, DeliveryKey, MailingNo, Ordinal, SubscriberId};
use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::json;
use testkit::{TestDb, both, start_of_time};

fn fact(n: i64) -> Fact {
    Fact::new(Kind::Sent, BrandId::from_bytes([1; 16]), start_of_time()).of(DeliveryKey::new(MailingNo(1), Ordinal(n)))
}

/// So many facts, as soon as no transaction of another test on the same server stands in front of them.
async fn wait_for(db: &Database, reader: &str, facts: u32) -> Vec<(Cursor, Fact)> {
    loop {
        let read = read(db.reader(), reader, facts).await.unwrap();
        if read.len() == usize::try_from(facts).unwrap() {
            return read;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn ordinals(read: &[(Cursor, Fact)]) -> Vec<i64> {
    read.iter().filter_map(|(_, fact)| fact.delivery).map(|key| key.ordinal.0).collect()
}

both!(
    async fn a_fact_is_read_as_it_was_written(db: TestDb) {
        let db = db.database();
        let ada = SubscriberId::new(start_of_time());
        let written = fact(7).about(ada).with(json!({"rule": "mailbox-gone"}));
        record(db.writer(), &written).await.unwrap();
        let read = wait_for(db, "test", 1).await;
        assert_eq!(read.into_iter().map(|(_, fact)| fact).collect::<Vec<_>>(), [written]);
    }
);

both!(
    async fn each_reader_has_a_cursor_of_its_own(db: TestDb) {
        let db = db.database();
        record_all(db.writer(), &[fact(1), fact(2), fact(3)]).await.unwrap();
        let first = wait_for(db, "a", 2).await;
        assert_eq!(ordinals(&first), [1, 2]);
        advance(db.writer(), "a", first[1].0).await.unwrap();
        assert_eq!(ordinals(&wait_for(db, "a", 1).await), [3]);
        assert_eq!(ordinals(&wait_for(db, "b", 3).await), [1, 2, 3]);
    }
);

both!(
    async fn a_reader_never_goes_back(db: TestDb) {
        let db = db.database();
        record_all(db.writer(), &[fact(1), fact(2)]).await.unwrap();
        let all = wait_for(db, "a", 2).await;
        advance(db.writer(), "a", all[1].0).await.unwrap();
        advance(db.writer(), "a", all[0].0).await.unwrap();
        assert_eq!(read(db.reader(), "a", 9).await.unwrap(), []);
    }
);

both!(
    async fn a_reader_that_begins_at_the_end_reads_what_comes_after_and_begins_once(db: TestDb) {
        let db = db.database();
        record_all(db.writer(), &[fact(1), fact(2)]).await.unwrap();
        let all = wait_for(db, "other", 2).await;
        begin_at_the_end(db.writer(), "a").await.unwrap();
        assert_eq!(position(db.reader(), "a").await.unwrap(), all[1].0);
        record_all(db.writer(), &[fact(3)]).await.unwrap();
        begin_at_the_end(db.writer(), "a").await.unwrap();
        assert_eq!(ordinals(&wait_for(db, "a", 1).await), [3]);
    }
);

both!(
    async fn a_reader_that_begins_at_the_end_misses_nothing_that_is_committed_late(db: TestDb) {
        let db = db.database();
        if db.backend() == DbBackend::Sqlite {
            // It has one writer: nothing is committed late.
            return;
        }
        let late = db.begin().await.unwrap();
        record_all(&late, &[fact(1)]).await.unwrap();
        record_all(db.writer(), &[fact(2)]).await.unwrap();
        begin_at_the_end(db.writer(), "a").await.unwrap();
        late.commit().await.unwrap();
        assert_eq!(ordinals(&wait_for(db, "a", 2).await), [1, 2]);
    }
);

both!(
    async fn a_reader_goes_on_only_from_where_it_stood(db: TestDb) {
        let db = db.database();
        record_all(db.writer(), &[fact(1), fact(2), fact(3)]).await.unwrap();
        let start = position(db.reader(), "a").await.unwrap();
        let all = wait_for(db, "a", 3).await;
        assert!(advance_from(db.writer(), "a", start, all[0].0).await.unwrap());
        // Who stood at the start, too, comes late, however far it would go.
        assert!(!advance_from(db.writer(), "a", start, all[1].0).await.unwrap());
        assert_eq!(ordinals(&read(db.reader(), "a", 9).await.unwrap()), [2, 3]);
        let first = position(db.reader(), "a").await.unwrap();
        assert!(advance_from(db.writer(), "a", first, all[2].0).await.unwrap());
        assert_eq!(read(db.reader(), "a", 9).await.unwrap(), []);
    }
);

both!(
    async fn more_facts_than_one_statement_takes_are_all_written(db: TestDb) {
        let db = db.database();
        let facts: Vec<Fact> = (1..=1_201).map(fact).collect();
        record_all(db.writer(), &facts).await.unwrap();
        assert_eq!(ordinals(&wait_for(db, "a", 1_201).await), (1..=1_201).collect::<Vec<_>>());
    }
);

both!(
    async fn an_erased_person_is_counted_but_not_named(db: TestDb) {
        let db = db.database();
        let ada = SubscriberId::new(start_of_time());
        record(db.writer(), &fact(1).about(ada).with(json!({"words": "ada@example.com is gone"}))).await.unwrap();
        forget(db.writer(), ada).await.unwrap();
        let (_, left) = wait_for(db, "a", 1).await.remove(0);
        assert_eq!((left.subscriber, left.detail), (None, None));
    }
);

both!(
    async fn what_is_committed_late_is_not_jumped(db: TestDb) {
        let db = db.database();
        if db.backend() == DbBackend::Sqlite {
            // There, two open transactions that write cannot be.
            return;
        }
        let (early, late) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        record(&early, &fact(1)).await.unwrap();
        record(&late, &fact(2)).await.unwrap();
        late.commit().await.unwrap();
        assert_eq!(read(db.reader(), "a", 9).await.unwrap(), [], "the first is still open, so the second has to wait");

        record(db.writer(), &fact(3)).await.unwrap();
        early.commit().await.unwrap();
        let mut seen = Vec::new();
        for _ in 0..3 {
            let (cursor, fact) = wait_for(db, "a", 1).await.remove(0);
            advance(db.writer(), "a", cursor).await.unwrap();
            seen.push(fact.delivery.unwrap().ordinal.0);
        }
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3]);
    }
);

both!(
    async fn facts_of_another_server_keep_their_order_and_readers_their_places(db: TestDb) {
        let db = db.database();
        record_all(db.writer(), &[fact(1), fact(2), fact(3)]).await.unwrap();
        let read = wait_for(db, "a", 2).await;
        advance(db.writer(), "a", read[0].0).await.unwrap();
        if db.backend() == DbBackend::Postgres {
            // As a dump brings them from a server that has counted further: the second was written last.
            let far = "UPDATE facts SET written_by = CAST(CAST(9000000000000 + CASE ordinal WHEN 2 THEN 9 ELSE ordinal END AS text) AS xid8)";
            db.writer().execute_unprepared(far).await.unwrap();
            db.writer().execute_unprepared("UPDATE fact_cursors SET written_by = 9000000000001").await.unwrap();
            assert_eq!(adopt(db).await.unwrap(), 3);
        }
        assert_eq!(adopt(db).await.unwrap(), 0);
        record(db.writer(), &fact(4)).await.unwrap();
        let expected = if db.backend() == DbBackend::Postgres { [3, 2, 4] } else { [2, 3, 4] };
        assert_eq!(ordinals(&wait_for(db, "a", 3).await), expected);
        assert_eq!(ordinals(&wait_for(db, "b", 4).await).len(), 4);
    }
);

both!(
    async fn what_went_wrong_is_read_without_what_went_well(db: TestDb) {
        let db = db.database();
        let facts = [fact(1), Fact { kind: Kind::Failed, ..fact(2) }, fact(3), Fact { kind: Kind::Bounced, ..fact(4) }];
        record_all(db.writer(), &facts).await.unwrap();
        record(db.writer(), &Fact { kind: Kind::Complained, ..fact(5) }).await.unwrap();
        wait_for(db, "test", 5).await;
        let failures = read_failures(db.reader(), "failures", 2).await.unwrap();
        assert_eq!(ordinals(&failures), [2, 4]);
        advance(db.writer(), "failures", failures[1].0).await.unwrap();
        assert_eq!(ordinals(&read_failures(db.reader(), "failures", 2).await.unwrap()), [5]);
    }
);
