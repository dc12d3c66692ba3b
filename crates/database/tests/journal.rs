//! What was erased stands nowhere on SQLite's disk.

#![expect(clippy::unwrap_used, reason = "what fails in a test has failed the test")]

use database::{Database, Settings};
use sea_orm::{ConnectionTrait, TransactionTrait};
use testkit::TestDb;

const SECRET: &str = "ada.lovelace@example.com";

/// The database's file and its journal, as anybody can read them.
fn disk(db: &Database) -> (Vec<u8>, Vec<u8>) {
    let file = db.file().unwrap();
    let journal = format!("{}-wal", file.display());
    (std::fs::read(file).unwrap(), std::fs::read(journal).unwrap())
}

fn holds_the_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
}

async fn write(db: &Database, sql: &str) {
    db.writer().execute_unprepared(sql).await.unwrap();
}

/// A database in which the secret was written and erased, and journalled both times.
async fn erased() -> TestDb {
    let test = TestDb::sqlite().await;
    let db = test.database();
    write(db, "CREATE TABLE people (email TEXT)").await;
    write(db, &format!("INSERT INTO people VALUES ('{SECRET}')")).await;
    write(db, "DELETE FROM people").await;
    assert!(holds_the_secret(&disk(db).1), "the journal is what this is about");
    test
}

#[tokio::test]
async fn what_was_erased_is_gone_from_the_file_and_the_journal() {
    let test = erased().await;
    assert!(test.database().settle().await.unwrap());
    assert!(!test.database().owes_settling());
    let (file, journal) = disk(test.database());
    assert!(!holds_the_secret(&file));
    assert!(journal.is_empty());
}

#[tokio::test]
async fn a_reader_puts_that_off_until_the_journal_begins_anew() {
    let test = erased().await;
    let db = test.database();
    // More than the journal will be when it has begun anew, so that the erased lies behind its new end.
    write(db, "INSERT INTO people VALUES (hex(randomblob(100000)))").await;
    write(db, &format!("INSERT INTO people VALUES ('{SECRET}')")).await;
    write(db, "DELETE FROM people").await;
    let reading = db.reader().begin().await.unwrap();
    reading.query_one_raw(sea_orm::Statement::from_string(db.backend(), "SELECT * FROM people")).await.unwrap();
    write(db, "INSERT INTO people VALUES ('b')").await;
    assert!(!db.settle().await.unwrap());
    assert!(holds_the_secret(&disk(db).1), "the reader still needs it");

    reading.rollback().await.unwrap();
    write(db, "PRAGMA wal_checkpoint(PASSIVE)").await;
    write(db, "INSERT INTO people VALUES ('c')").await;
    assert!(!holds_the_secret(&disk(db).1));
}

#[tokio::test]
async fn what_a_reader_put_off_is_owed_and_done_when_it_is_next_asked_for() {
    let test = erased().await;
    let db = test.database();
    let reading = db.reader().begin().await.unwrap();
    reading.query_one_raw(sea_orm::Statement::from_string(db.backend(), "SELECT * FROM people")).await.unwrap();
    write(db, "INSERT INTO people VALUES ('b')").await;
    assert!(!db.settle().await.unwrap());
    assert!(db.owes_settling());
    // The writer is free while the reader goes on.
    write(db, "INSERT INTO people VALUES ('c')").await;
    assert!(!db.settle().await.unwrap(), "it goes on");

    reading.rollback().await.unwrap();
    assert!(db.settle().await.unwrap());
    assert!(!db.owes_settling());
    assert!(disk(db).1.is_empty());
}

#[tokio::test]
async fn another_process_that_writes_puts_it_off_as_well() {
    let test = erased().await;
    let db = test.database();
    let url = format!("sqlite:{}", db.file().unwrap().display());
    let other = Database::connect(&Settings { url: url.into(), connections: 1 }).await.unwrap();
    let writing = other.begin().await.unwrap();
    writing.execute_unprepared("INSERT INTO people VALUES ('b')").await.unwrap();
    assert!(!db.settle().await.unwrap());
    assert!(db.owes_settling());

    writing.commit().await.unwrap();
    assert!(db.settle().await.unwrap());
}
