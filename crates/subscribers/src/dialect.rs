//! The SQL that SQLite and PostgreSQL spell differently.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

/// Lets one transaction at a time give topics their numbers. A transaction on SQLite is alone anyway.
pub(crate) async fn number_topics_alone(conn: &impl ConnectionTrait) -> Result<(), DbErr> {
    if conn.get_database_backend() == DbBackend::Postgres {
        conn.execute_unprepared("LOCK TABLE topics IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}
