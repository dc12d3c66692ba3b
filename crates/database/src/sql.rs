//! Statements that are written out, with their parameters `$1`, `$2`: the same on SQLite and PostgreSQL.
//!
//! They run on any connection or transaction, in its own dialect. A statement whose text differs between the two is the
//! caller's: such texts stand in one module of each crate.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, Value};

/// Runs a statement and says how many rows it changed.
pub async fn execute(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    Ok(conn.execute_raw(statement(conn, sql, values)).await?.rows_affected())
}

/// Every row of a statement, read as a `T`; it fails if one does not read as that.
pub async fn all<T: FromQueryResult>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<T>, DbErr> {
    rows(conn, sql, values).await?.iter().map(|row| T::from_query_result(row, "")).collect()
}

/// The first row of a statement, read as a `T`, if there is any.
pub async fn one<T: FromQueryResult>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<T>, DbErr> {
    row(conn, sql, values).await?.map(|row| T::from_query_result(&row, "")).transpose()
}

/// Every row of a statement, as the database gives it.
pub async fn rows(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    conn.query_all_raw(statement(conn, sql, values)).await
}

/// The first row of a statement, as the database gives it, if there is any.
pub async fn row(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, DbErr> {
    conn.query_one_raw(statement(conn, sql, values)).await
}

fn statement(conn: &impl ConnectionTrait, sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(conn.get_database_backend(), sql, values)
}
