use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, RuntimeErr, SqlxSqliteConnector, Statement};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use crate::{Database, rescode};

/// What empties SQLite's journal.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    /// A connection that waits for nobody. Had the writer less patience for a moment, it would keep that when whoever asks is
    /// dropped in between, as the answer to a client that has gone.
    connection: DatabaseConnection,
    /// How often it was asked for, and how many of those are done with.
    asked: Arc<AtomicU64>,
    done: Arc<AtomicU64>,
}

impl Journal {
    /// Opens no connection before there is something to empty.
    pub(crate) fn new(options: SqliteConnectOptions) -> Self {
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options.busy_timeout(Duration::ZERO));
        Self {
            connection: SqlxSqliteConnector::from_sqlx_sqlite_pool(pool),
            asked: Arc::default(),
            done: Arc::default(),
        }
    }

    pub(crate) async fn close(self) -> Result<(), DbErr> {
        self.connection.close().await
    }

    fn is_owed(&self) -> bool {
        self.done.load(Ordering::Acquire) < self.asked.load(Ordering::Acquire)
    }

    async fn empty(&self) -> Result<bool, DbErr> {
        let empty = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        let row = match self.connection.query_one_raw(empty).await {
            // Another process writes, just when the connection is opened.
            Err(error) if is_busy(&error) => return Ok(false),
            row => row?,
        };
        // It does not fail when it is kept from it, it answers 1.
        Ok(row.map(|row| row.try_get_by_index::<i32>(0)).transpose()? != Some(1))
    }
}

fn is_busy(error: &DbErr) -> bool {
    crate::deadlock::code(error).and_then(|code| rescode::primary(&code)) == Some(rescode::BUSY)
}

impl Database {
    /// Moves SQLite's journal into the file and empties it, so that what was erased stands in neither. Says whether that is done;
    /// there is nothing to do on PostgreSQL.
    ///
    /// It waits for whoever writes in this process, and for nobody else: a reader that still looks at an older state, as a dump
    /// does, or another process that writes keeps the journal, and would keep the writer for as long as it is waited for. What is
    /// owed then is remembered ([`owes_settling`](Self::owes_settling)). If nobody settles it, the journal is emptied when it next
    /// begins anew.
    pub async fn settle(&self) -> Result<bool, DbErr> {
        let Some(journal) = &self.journal else { return Ok(true) };
        let owed = journal.is_owed();
        // Owed until it is done, however this ends.
        journal.asked.fetch_add(1, Ordering::AcqRel);
        // Between two transactions of ours, so that they do not keep it too.
        let writer = self.writer().get_sqlite_connection_pool().acquire().await;
        let _writer = writer.map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))?;
        // Whoever asks after this may have written after it.
        let asked = journal.asked.load(Ordering::Acquire);
        let emptied = journal.empty().await?;
        if emptied {
            journal.done.fetch_max(asked, Ordering::AcqRel);
        } else if !owed {
            tracing::warn!("somebody keeps SQLite's journal: what was just erased stands in it for a while longer");
        }
        Ok(emptied)
    }

    /// Whether something erased may still stand in SQLite's journal, because it was kept from being emptied.
    pub fn owes_settling(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_owed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    async fn patience(conn: &DatabaseConnection) -> i64 {
        let asked = Statement::from_string(DbBackend::Sqlite, "PRAGMA busy_timeout");
        conn.query_one_raw(asked).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    #[tokio::test]
    async fn emptying_the_journal_waits_for_no_reader_and_leaves_the_writer_its_patience() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("eshot.db").display());
        let db = Database::connect(&Settings { url: url.into(), connections: 1 }).await.unwrap();
        assert!(db.settle().await.unwrap());
        assert_eq!(patience(&db.journal.as_ref().unwrap().connection).await, 0);
        assert_eq!(patience(db.writer()).await, 10_000);
    }
}
