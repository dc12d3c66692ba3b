//! Statements that go to the database together do what each of them does alone.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

use database::{Database, Writes, sql};
use sea_orm::{DbErr, Value};
use testkit::{TestDb, both};

async fn tables(db: &Database) {
    for table in ["a", "b"] {
        sql::execute(db.writer(), &format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY, name TEXT)"), [])
            .await
            .unwrap();
    }
}

async fn names(db: &Database, table: &str) -> Vec<Option<String>> {
    let rows = sql::rows(db.reader(), &format!("SELECT name FROM {table} ORDER BY id"), []).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

fn inserting(db: &Database, table: &str, rows: &[(i64, Option<&'static str>)]) -> (String, Vec<Value>) {
    let rows = rows.iter().map(|(id, name)| [(*id).into(), (*name).into()]).collect();
    let rows = database::table(db.backend(), 0, &[("id", "bigint"), ("name", "text")], rows);
    (format!("INSERT INTO {table} (id, name) SELECT id, name FROM {}", rows.sql), rows.values)
}

both!(
    async fn each_has_its_own_parameters(db: TestDb) {
        let db = db.database();
        tables(db).await;
        let mut writes = Writes::new();
        for (table, rows) in
            [("a", [(1, Some("one")), (2, None), (3, Some("three"))]), ("b", [(4, None), (5, Some("five")), (6, None)])]
        {
            let (sql, values) = inserting(db, table, &rows);
            writes.add_exactly(3, sql, values);
        }
        writes.run(db.writer()).await.unwrap();
        assert_eq!(names(db, "a").await, [Some("one".to_owned()), None, Some("three".to_owned())]);
        assert_eq!(names(db, "b").await, [None, Some("five".to_owned()), None]);
    }
);

both!(
    async fn one_that_changes_fewer_rows_than_it_must_fails_them_all(db: TestDb) {
        let db = db.database();
        tables(db).await;
        let (sql, values) = inserting(db, "a", &[(1, Some("one")), (2, Some("two"))]);
        sql::execute(db.writer(), &sql, values).await.unwrap();
        let rename = "UPDATE a SET name = $1 WHERE id >= $2";
        for (from, works) in [(1_i64, true), (2, false), (0, true), (3, false)] {
            let txn = db.begin().await.unwrap();
            let mut writes = Writes::new();
            // What comes before and behind does not count.
            let (sql, values) = inserting(db, "b", &[(from, None)]);
            writes.add(sql, values);
            writes.add_exactly(2, rename, [format!("{from}").into(), from.into()]);
            writes.add("DELETE FROM b WHERE id = $1", [100.into()]);
            let run = writes.run(&txn).await;
            assert_eq!(run.err(), (!works).then_some(DbErr::RecordNotUpdated), "{from}");
            if works { txn.commit().await.unwrap() } else { txn.rollback().await.unwrap() }
        }
        assert_eq!(names(db, "a").await, [Some("0".to_owned()), Some("0".to_owned())]);
    }
);

both!(
    async fn what_is_wrong_with_one_of_them_is_said(db: TestDb) {
        let db = db.database();
        tables(db).await;
        let mut writes = Writes::new();
        writes.add("DELETE FROM a", []);
        let (sql, values) = inserting(db, "b", &[(1, None), (1, None)]);
        writes.add(sql, values);
        let error = writes.run(db.writer()).await.unwrap_err();
        assert!(matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))), "{error}");
        Writes::new().run(db.writer()).await.unwrap();
    }
);

both!(
    async fn they_are_committed_at_once_or_not_at_all(db: TestDb) {
        let db = db.database();
        tables(db).await;
        for (from, works) in [(1_i64, true), (2, false), (0, true)] {
            let mut writes = Writes::new();
            if works {
                let (sql, values) = inserting(db, "a", &[(from + 10, Some("ten")), (from + 20, Some("twenty"))]);
                writes.add_exactly(2, sql, values);
            }
            let rename = "UPDATE b SET name = 'renamed' WHERE id >= $1";
            writes.add_exactly(u64::from(from != 1), rename, [from.into()]);
            let (sql, values) = inserting(db, "b", &[(from, None)]);
            writes.add(sql, values);
            let done = writes.commit(db).await;
            assert_eq!(done.as_ref().err(), (!works).then_some(&DbErr::RecordNotUpdated), "{from}");
            assert!(done.is_ok() || database::is_undone(&done.unwrap_err()));
        }
        assert_eq!(names(db, "a").await.len(), 4);
        assert_eq!(names(db, "b").await, [None, Some("renamed".to_owned())]);
        let mut writes = Writes::new();
        let (sql, values) = inserting(db, "b", &[(0, None)]);
        writes.add(sql, values);
        let refused = writes.commit(db).await.unwrap_err();
        assert!(database::is_undone(&refused), "{refused}");
        Writes::new().commit(db).await.unwrap();
    }
);
