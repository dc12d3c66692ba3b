//! Which failures mean that the database is not to be had for now.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use database::{is_unavailable, is_undone};
use sea_orm::{ConnAcquireErr, ConnectionTrait, DbErr, RuntimeErr};
use sqlx::error::{DatabaseError, ErrorKind};
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
    told(error).0
}

/// Whether it is for now, and whether nothing was done; the same however it is wrapped.
fn told(error: DbErr) -> (bool, bool) {
    let ask = |error: &(dyn Error + 'static)| (is_unavailable(error), is_undone(error));
    let bare = ask(&error);
    let said = Wrapped::Said(error);
    assert_eq!(ask(&said), bare, "{said:?}");
    let Wrapped::Said(error) = said else { unreachable!() };
    let transparent: Box<dyn Error> = Box::new(Wrapped::Transparent(error));
    assert_eq!(ask(&*transparent), bare, "{transparent:?}");
    bare
}

/// A refusal of PostgreSQL's.
#[derive(Debug)]
struct Refusal(&'static str);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Refusal {}

impl DatabaseError for Refusal {
    fn message(&self) -> &str {
        self.0
    }
    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.0.into())
    }
    fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        self
    }
    fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
        self
    }
    fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
        self
    }
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)))
}

#[test]
fn each_refusal_of_postgresql_is_for_now_or_not_and_leaves_something_or_not() {
    // (code, is for now, is undone)
    let refusals = [
        ("08006", true, false),  // the connection failed
        ("08P01", false, false), // somebody does not keep to the protocol
        ("23505", false, true),  // it is there already
        ("25006", true, true),   // the server is read-only
        ("25P02", false, true),  // the transaction has failed before
        ("25P03", true, true),   // the transaction was left alone for too long
        ("40003", false, false), // what became of the statement is unknown
        ("42P01", false, true),  // there is no such table
        ("53100", true, true),   // the disk is full
        ("53300", true, true),   // there are too many connections
        ("57014", false, true),  // the statement was cancelled
        ("57P01", true, false),  // the session was ended
        ("57P03", true, false),  // the server is starting up
    ];
    for (code, for_now, undone) in refusals {
        let error = sqlx::Error::Database(Box::new(Refusal(code)));
        assert_eq!(told(failed(error)), (for_now, undone), "{code}");
    }
}

#[test]
fn who_had_no_connection_did_nothing_and_who_lost_it_may_have() {
    assert_eq!(told(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)), (true, true));
    assert_eq!(told(failed(sqlx::Error::PoolTimedOut)), (true, true));
    let broken = || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into());
    let error = DbErr::Conn(RuntimeErr::SqlxError(Arc::new(broken())));
    assert!(is_unavailable(&error) && is_undone(&error), "it broke before it was made");
    assert_eq!(told(failed(broken())), (true, false));
    assert_eq!(told(failed(sqlx::Error::WorkerCrashed)), (true, false));
    assert_eq!(told(DbErr::Custom("a value that does not read".to_owned())), (false, false));
}

both!(
    async fn a_statement_that_is_wrong_stays_wrong(test: TestDb) {
        let db = test.database();
        for wrong in ["SELEC 1", "SELECT nothing FROM nowhere", "INSERT INTO leases (role) VALUES (NULL)"] {
            let error = db.writer().execute_unprepared(wrong).await.unwrap_err();
            assert_eq!(told(error), (false, true), "{wrong}");
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
    assert_eq!(told(full), (true, true));
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
