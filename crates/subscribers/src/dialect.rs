//! The SQL that SQLite and PostgreSQL spell differently.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

/// A number of ours under which PostgreSQL lets one transaction at a time number topics.
const NUMBERING: i64 = 0x0074_6f70_6963;

/// Lets one transaction at a time give topics their numbers. A transaction on SQLite is alone anyway.
pub(crate) async fn number_topics_alone(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    if conn.get_database_backend() == DbBackend::Postgres {
        conn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({NUMBERING})")).await?;
    }
    Ok(())
}
