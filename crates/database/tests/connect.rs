//! How a database is opened.

use database::{ConnectError, Database, Settings, is_unavailable};
use sea_orm::{ConnectionTrait, Statement};
use testkit::{TestDb, run};

async fn connect(url: &str) -> Result<Database, ConnectError> {
    Database::connect(&Settings { url: url.into(), connections: 1 }).await
}

#[tokio::test]
async fn a_database_in_memory_is_refused() {
    for url in
        ["sqlite::memory:", "sqlite://:memory:", "sqlite:", "sqlite://", "sqlite:eshot.db?cache=shared&mode=memory"]
    {
        assert!(matches!(connect(url).await, Err(ConnectError::Memory)), "{url}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_and_its_journal_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let db = connect(&format!("sqlite:{}", folder.path().join("eshot.db").display())).await.unwrap();
    db.writer().execute_unprepared("CREATE TABLE people (email TEXT)").await.unwrap();
    for name in ["eshot.db", "eshot.db-wal", "eshot.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_there_keeps_its_rights() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("eshot.db");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    connect(&format!("sqlite:{}", file.display())).await.unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_server_with_a_stricter_default_is_spoken_to_at_read_committed() {
    run(async {
        let Some(test) = TestDb::postgres().await else {
            eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
            return;
        };
        let (_, name) = test.url().rsplit_once('/').unwrap();
        let stricter = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
        test.database().writer().execute_unprepared(&stricter).await.unwrap();
        let db = connect(test.url()).await.unwrap();
        let ask = Statement::from_string(db.backend(), "SHOW transaction_isolation");
        let row = db.begin().await.unwrap().query_one_raw(ask).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "read committed");
    });
}

/// A process that stands still in the middle of a transaction must not keep others from its rows for ever.
#[test]
fn a_transaction_without_a_word_is_rolled_back_by_the_server() {
    testkit::run(async {
        let Some(test) = TestDb::postgres().await else {
            eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
            return;
        };
        let db = connect(test.url()).await.unwrap();
        let silent = db.begin().await.unwrap();
        // Its own timeout, shortened: what is tried is that the lock goes and that the loser is told what happened.
        silent.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = '50ms'").await.unwrap();
        silent.execute_unprepared("LOCK TABLE leases IN ACCESS EXCLUSIVE MODE").await.unwrap();
        db.writer().execute_unprepared("DELETE FROM leases").await.unwrap();
        let error = silent.execute_unprepared("DELETE FROM leases").await.unwrap_err();
        assert!(is_unavailable(&error), "{error}");
        let ask = Statement::from_string(db.backend(), "SHOW idle_in_transaction_session_timeout");
        let row = db.writer().query_one_raw(ask).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<String>(0).unwrap(), "5s");
    });
}
