//! SQLite ends a transaction by itself where it can go no further, as with a full disk (its manual, "Response To Errors Within A
//! Transaction").

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

use database::{Database, Settings};
use sea_orm::{ConnectionTrait, Statement};

async fn notes(db: &Database) -> i64 {
    let count = Statement::from_string(db.backend(), "SELECT COUNT(*) FROM notes");
    db.reader().query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn after_a_transaction_that_sqlite_has_ended_by_itself_what_is_committed_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("eshot.db").display());
    let db = Database::connect(&Settings { url: url.into(), connections: 1 }).await.unwrap();
    db.writer().execute_unprepared("CREATE TABLE notes (no INTEGER PRIMARY KEY)").await.unwrap();
    let txn = db.begin().await.unwrap();
    txn.execute_unprepared("INSERT INTO notes VALUES (1)").await.unwrap();
    // It ends a transaction for want of room in the same way, at a moment that a test cannot choose.
    txn.execute_unprepared("INSERT OR ROLLBACK INTO notes VALUES (1)").await.unwrap_err();
    assert!(txn.commit().await.is_err(), "there is nothing left to commit");
    // One that is given up, and one that is not.
    let txn = db.begin().await.unwrap();
    txn.execute_unprepared("INSERT INTO notes VALUES (2)").await.unwrap();
    drop(txn);
    let txn = db.begin().await.unwrap();
    txn.execute_unprepared("INSERT INTO notes VALUES (3)").await.unwrap();
    txn.commit().await.unwrap();
    assert_eq!(notes(&db).await, 1);
    db.writer().execute_unprepared("INSERT INTO notes VALUES (4)").await.unwrap();
    assert_eq!(notes(&db).await, 2);
}
