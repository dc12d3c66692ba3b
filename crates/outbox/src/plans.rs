//! What SQLite makes of the statements that run while a large mailing is out. It keeps no statistics, so that the words of a
//! statement decide; one that reads the whole mailing holds the only writer up for as long.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use testkit::TestDb;

use crate::dialect::{self, Locked};
use crate::{State, claim, delivery, enqueue, lease, ledger, reap, recent, skip, submit};

#[tokio::test]
async fn no_statement_reads_a_whole_mailing() {
    let db = TestDb::sqlite().await;
    let sqlite = DbBackend::Sqlite;
    for sql in [
        lease::renewing(sqlite),
        lease::releasing(sqlite),
        submit::resubmitting(sqlite),
        reap::ANY.to_owned(),
        reap::finding(sqlite),
        reap::finding_again(sqlite),
        reap::unsettled(),
        reap::settling(sqlite),
        enqueue::LANES.to_owned(),
        skip::WAITING.to_owned(),
        skip::MARKS.to_owned(),
        delivery::listing(Some(State::Failed)),
        delivery::listing(None),
        ledger::paging(Some(State::Failed)),
        ledger::paging(None),
        recent::LAST_ENDED.to_owned(),
        recent::UNFIT.to_owned(),
    ] {
        let explain = Statement::from_string(sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
        for step in db.database().reader().query_all_raw(explain).await.unwrap() {
            let step: String = step.try_get_by("detail").unwrap();
            let table = step.split(' ').nth(1).unwrap_or_default();
            let whole = step.starts_with("SCAN") || step.ends_with("(mailing_no=?)");
            // These indexes hold nothing but what is deferred, being submitted, or without a message.
            let rare = ["deliveries_due", "deliveries_submitting", "deliveries_unfit"]
                .iter()
                .any(|index| step.contains(index));
            let few = !matches!(table, "deliveries" | "d") || rare;
            assert!(few || !whole, "{step}\n{sql}");
        }
    }
}

#[tokio::test]
async fn postgresql_changes_a_row_in_place_on_its_way_from_queued_to_sent() {
    let Some(db) = TestDb::postgres().await else {
        eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
        return;
    };
    let sql = "SELECT pg_get_indexdef(indexrelid) AS index FROM pg_index WHERE indrelid = 'deliveries'::regclass";
    let indexes = db.database().reader().query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    assert!(indexes.len() > 5);
    for index in indexes {
        let index: String = index.try_get_by("index").unwrap();
        let mut words = index.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let changed = ["state", "attempt", "due_at", "sent_at", "skipped_why"];
        assert!(!words.any(|word| changed.contains(&word)), "{index} looks at what changes");
    }
}

#[tokio::test]
async fn postgresql_reads_no_whole_mailing_of_which_it_has_no_statistics() {
    let Some(db) = TestDb::postgres().await else {
        eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
        return;
    };
    let (postgres, conn) = (DbBackend::Postgres, db.database().writer());
    let filled =
        "INSERT INTO deliveries (mailing_no, ordinal, lane) SELECT 1, n, 'other' FROM generate_series(1, 20000) n";
    conn.execute_unprepared(filled).await.unwrap();
    let now = Value::from(DateTime::<Utc>::UNIX_EPOCH);
    let ends = vec![now.clone(), now.clone()];
    let lane = vec![now.clone(), dialect::json(&[""; 0]), dialect::json(&[""; 0]), now];
    for (sql, values) in [
        (reap::ANY.to_owned(), ends.clone()),
        (reap::finding_again(postgres), ends),
        (claim::choosing(postgres, false, None), lane.clone()),
        (claim::choosing(postgres, true, Some(Locked::Skip)), lane),
    ] {
        let explain = Statement::from_sql_and_values(postgres, format!("EXPLAIN {sql}"), values);
        let steps = conn.query_all_raw(explain).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.try_get_by_index(0).unwrap()).collect();
        let plan = steps.join("\n");
        let rare = ["deliveries_due", "deliveries_submitting"].iter().any(|index| plan.contains(index));
        assert!(rare && !plan.contains("deliveries_lane") && !plan.contains("Seq Scan on deliveries"), "{plan}\n{sql}");
    }
}
