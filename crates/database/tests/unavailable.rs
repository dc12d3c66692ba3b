//! Which failures mean that the database is not to be had for now.

use std::error::Error;

use database::is_unavailable;
use sea_orm::{ConnectionTrait, DbErr};
use testkit::{TestDb, both, run};

/// As the crates above wrap it.
#[derive(Debug, thiserror::Error)]
enum Wrapped {
    #[error("database failure")]
    Said(#[source] DbErr),
    #[error(transparent)]
    Transparent(DbErr),
}

fn is_for_now(error: DbErr) -> bool {
    let bare = is_unavailable(&error);
    let said = Wrapped::Said(error);
    assert_eq!(is_unavailable(&said), bare, "{said:?}");
    let Wrapped::Said(error) = said else { unreachable!() };
    let transparent: Box<dyn Error> = Box::new(Wrapped::Transparent(error));
    assert_eq!(is_unavailable(&*transparent), bare, "{transparent:?}");
    bare
}

both!(
    async fn a_statement_that_is_wrong_stays_wrong(test: TestDb) {
        let db = test.database();
        for wrong in ["SELEC 1", "SELECT nothing FROM nowhere", "INSERT INTO leases (role) VALUES (NULL)"] {
            assert!(!is_for_now(db.writer().execute_unprepared(wrong).await.unwrap_err()), "{wrong}");
        }
    }
);

#[tokio::test]
async fn a_full_disk_has_room_again_some_day() {
    let test = TestDb::sqlite().await;
    let writer = test.database().writer();
    writer.execute_unprepared("CREATE TABLE ballast (bytes BLOB)").await.unwrap();
    // SQLite answers a limit of its own as it answers a full disk.
    writer.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
    let full = writer.execute_unprepared("INSERT INTO ballast VALUES (zeroblob(1000000))").await.unwrap_err();
    assert!(is_for_now(full));
}

#[test]
fn a_server_that_ends_a_connection_is_there_again_some_day() {
    run(async {
        let Some(test) = TestDb::postgres().await else {
            return eprintln!("skipped: ESHOT_TEST_POSTGRES names no server");
        };
        let end = "SELECT pg_terminate_backend(pg_backend_pid())";
        assert!(is_for_now(test.database().writer().execute_unprepared(end).await.unwrap_err()));
    });
}

#[tokio::test]
async fn a_pool_that_is_closed_has_no_connection() {
    let test = TestDb::sqlite().await;
    let db = test.database().clone();
    db.clone().close().await.unwrap();
    assert!(is_for_now(db.ping().await.unwrap_err()));
}
