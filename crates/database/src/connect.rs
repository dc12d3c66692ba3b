use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::journal::Journal;

/// How long a caller waits for a connection, or SQLite for another process's lock, before it is told no.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a caller waits for a connection to PostgreSQL. A server that is restarted meanwhile is waited for; one that is gone
/// for longer is better told of than waited for, by people and by programs that come again.
const PATIENCE_WITH_A_SERVER: Duration = Duration::from_secs(5);

/// For how long a connection to PostgreSQL that was left alone is taken to be there still.
const FRESH: Duration = Duration::from_secs(1);

/// How many statements a connection to SQLite keeps ready, instead of sqlx's hundred. One about a batch takes some 100 kB, and there is
/// another for each size of a batch: they were nearly half of what a sender had in hand.
const KEPT_STATEMENTS: usize = 24;

/// What each session with PostgreSQL is told.
///
/// - What is written here is written for READ COMMITTED: compare-and-set with what stands now. Under a server's or a role's
///   stricter default it would fail with serialization errors that nobody repeats.
/// - A server's usual price of a page out of turn is that of a spinning disk: for a batch of a few rows, each found by its key,
///   it would read the whole table.
/// - A process that stands still in the middle of a transaction (a suspended machine, a lost network) holds its row locks, and
///   whoever takes over its work waits for them: after five seconds of silence the server rolls it back. Ours take milliseconds;
///   whoever reads out all of a store does so page by page.
const SESSION: &str = "SET default_transaction_isolation = 'read committed'; SET random_page_cost = 1.1; \
                       SET idle_in_transaction_session_timeout = '5s'";

/// Where the database is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite:PATH` (the file is made if there is none) or `postgres://USER:PASSWORD@HOST/NAME`.
    pub url: SecretString,
    /// How many connections at most: all of them on PostgreSQL, the readers on SQLite.
    pub connections: u32,
}

/// Why there is no database to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is of neither kind.
    #[error("a database address begins with sqlite: or postgres://")]
    Scheme,
    /// A database that is gone with its connection, of which each connection would have one of its own.
    #[error("eshot keeps its database in a file; write sqlite:PATH")]
    Memory,
    /// The address does not read as one.
    #[error("the database address is not well-formed")]
    Address(#[source] sqlx::Error),
    /// The server or file is out of reach.
    #[error("the database cannot be opened")]
    Open(#[source] sqlx::Error),
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Database {
    writer: DatabaseConnection,
    reader: DatabaseConnection,
    file: Option<PathBuf>,
    pub(crate) journal: Option<Journal>,
}

impl Database {
    /// Opens the database; a file of SQLite is made where there is none.
    pub async fn connect(settings: &Settings) -> Result<Self, ConnectError> {
        let url = settings.url.expose_secret();
        if url.starts_with("sqlite:") {
            open_sqlite(url, settings.connections).await
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url, settings.connections).await
        } else {
            Err(ConnectError::Scheme)
        }
    }

    /// For reads outside a transaction: they see what was committed last.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For writes of a single statement. Whoever holds a transaction must use that instead: on SQLite this waits for it.
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that will write: IMMEDIATE on SQLite, so that it cannot fail half-way for want of the lock.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        self.writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
    }

    /// Which of the two it is.
    pub fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// The file of an SQLite database.
    pub fn file(&self) -> Option<&std::path::Path> {
        self.file.as_deref()
    }

    /// Whether the database answers at all.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.reader.execute_unprepared("SELECT 1").await.map(drop)
    }

    /// Closes every connection; what is under way is finished first.
    pub async fn close(self) -> Result<(), DbErr> {
        self.reader.close().await?;
        if let Some(journal) = self.journal {
            journal.close().await?;
        }
        self.writer.close().await
    }
}

async fn open_sqlite(url: &str, readers: u32) -> Result<Database, ConnectError> {
    if is_in_memory(url) {
        return Err(ConnectError::Memory);
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(ConnectError::Address)?
        .journal_mode(SqliteJournalMode::Wal)
        // A commit that was answered must survive a power cut: NORMAL may lose the last ones in WAL mode.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        // Erased must mean overwritten, in the file as well.
        .pragma("secure_delete", "on")
        // And in the journal: begun anew, it would keep what stood behind its new end.
        .pragma("journal_size_limit", "0")
        .disable_statement_logging();
    let file = options.get_filename().to_owned();
    make_private(&file).map_err(|error| ConnectError::Open(error.into()))?;
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        // Launches and imports queue in front of the writer in short turns; a caller is patient for longer than one.
        .acquire_timeout(PATIENCE * 3)
        // A file that was opened stays open: asking each time whether it is there would cost a turn of the connection's thread.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(async { Ok(is_outside_a_transaction(connection)) }))
        // 2 MiB of pages: what a campaign touches again and again is then not read from the file for every commit.
        // And 16 MiB of journal: the same pages are then written to the file once in a while, not after every few commits.
        .connect_with(
            options
                .clone()
                .create_if_missing(true)
                .statement_cache_capacity(KEPT_STATEMENTS)
                .pragma("cache_size", "-2048")
                .pragma("wal_autocheckpoint", "4096"),
        )
        .await
        .map_err(ConnectError::Open)?;
    let journal = Journal::new(options.clone());
    let reader = SqlitePoolOptions::new()
        .max_connections(readers.max(1))
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        // A file opened read-only cannot take part in the write-ahead log's locking. A reader forgets its pages at each commit of
        // the writer, so that many would only be memory.
        .connect_with(
            options.statement_cache_capacity(KEPT_STATEMENTS).pragma("query_only", "on").pragma("cache_size", "-256"),
        )
        .await
        .map_err(ConnectError::Open)?;
    Ok(Database {
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
        file: Some(file),
        journal: Some(journal),
    })
}

/// Whether a connection may be used again. SQLite ends a transaction by itself where it can go no further, as on a full disk; sqlx
/// then cannot roll it back and takes it to go on: what comes next would be in a savepoint within nothing, and never be committed.
fn is_outside_a_transaction(connection: &SqliteConnection) -> bool {
    let outside = !connection.is_in_transaction();
    if !outside {
        tracing::warn!("SQLite ended a transaction by itself; its connection is made anew");
    }
    outside
}

/// Whether SQLite would keep this database in memory, or in a file of its own that goes when it is closed.
fn is_in_memory(url: &str) -> bool {
    let address = url.strip_prefix("sqlite:").unwrap_or(url);
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let path = path.strip_prefix("//").unwrap_or(path);
    matches!(path, "" | ":memory:") || query.split('&').any(|setting| setting == "mode=memory")
}

/// Makes a database's file for its owner alone, where there is none: it holds people's addresses. SQLite gives the journal
/// beside it the same rights. A file that is there keeps its own.
fn make_private(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn open_postgres(url: &str, connections: u32) -> Result<Database, ConnectError> {
    let options = PgConnectOptions::from_str(url).map_err(ConnectError::Address)?.disable_statement_logging();
    let pool = PgPoolOptions::new()
        // Who holds a transaction may read beside it: on a single connection it would wait for itself.
        .max_connections(connections.max(2))
        .acquire_timeout(PATIENCE_WITH_A_SERVER)
        // A connection that was just used is there: to ask it each time would be a trip more for every statement.
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move { Ok(metadata.idle_for < FRESH || connection.ping().await.is_ok()) })
        })
        .after_connect(|connection, _| Box::pin(async move { connection.execute(SESSION).await.map(drop) }))
        .connect_with(options)
        .await
        .map_err(ConnectError::Open)?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Database { writer: connection.clone(), reader: connection, file: None, journal: None })
}
