use std::collections::BTreeSet;

use database::Database;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;

use crate::step::{self, Migrator};

/// A number of ours under which PostgreSQL lets one program at a time migrate.
const POSTGRES_LOCK: i64 = 0x0065_7368_6f74;

/// How a database's schema stands to this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has no schema yet.
    Empty,
    /// It lacks so many steps.
    Behind(usize),
    /// It is this program's.
    Current,
    /// A newer program has changed it; these steps are unknown here.
    Newer(Vec<String>),
}

/// Why the schema could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer program has been here.
    #[error(
        "the database belongs to a newer eshot (it has taken the step {0}); start that version, or restore a backup"
    )]
    Newer(String),
    /// The database failed; nothing was changed.
    #[error("the schema cannot be changed")]
    Database(#[from] DbErr),
}

/// Where the schema stands. Changes nothing.
pub async fn check(db: &Database) -> Result<Standing, DbErr> {
    standing(db.reader()).await
}

/// Takes the schema to this program's, in one transaction: all of it or nothing.
pub async fn run(db: &Database) -> Result<(), MigrateError> {
    let txn = db.begin().await?;
    if db.backend() == DbBackend::Postgres {
        txn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({POSTGRES_LOCK})")).await?;
    }
    match standing(&txn).await? {
        Standing::Newer(steps) => return Err(MigrateError::Newer(steps.into_iter().next().unwrap_or_default())),
        Standing::Current => {}
        Standing::Empty | Standing::Behind(_) => Migrator::up(&txn, None).await?,
    }
    txn.commit().await?;
    Ok(())
}

async fn standing(conn: &impl ConnectionTrait) -> Result<Standing, DbErr> {
    let backend = conn.get_database_backend();
    let catalogue = match backend {
        DbBackend::Sqlite => "SELECT 1 FROM sqlite_master WHERE name = 'seaql_migrations'",
        _ => "SELECT 1 FROM pg_tables WHERE tablename = 'seaql_migrations' AND schemaname = current_schema()",
    };
    if conn.query_one_raw(Statement::from_string(backend, catalogue)).await?.is_none() {
        return Ok(Standing::Empty);
    }
    let rows =
        conn.query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations ORDER BY version"));
    let taken: Vec<String> =
        rows.await?.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<_, _>>()?;
    let known: BTreeSet<&str> = step::names().collect();
    let unknown: Vec<String> = taken.iter().filter(|name| !known.contains(name.as_str())).cloned().collect();
    Ok(match (unknown.is_empty(), known.len() - (taken.len() - unknown.len())) {
        (false, _) => Standing::Newer(unknown),
        (true, 0) => Standing::Current,
        (true, missing) => Standing::Behind(missing),
    })
}
