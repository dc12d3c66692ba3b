use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult, Statement, Value};

/// Runs a statement and says how many rows it changed.
pub(crate) async fn execute<const N: usize>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    Ok(conn.execute_raw(statement).await?.rows_affected())
}

/// Every row of a statement.
pub(crate) async fn all<T: FromQueryResult, const N: usize>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Vec<T>, DbErr> {
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    conn.query_all_raw(statement).await?.iter().map(|row| T::from_query_result(row, "")).collect()
}

/// The first row of a statement.
pub(crate) async fn one<T: FromQueryResult, const N: usize>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Option<T>, DbErr> {
    row(conn, sql, values).await?.map(|row| T::from_query_result(&row, "")).transpose()
}

/// The first row of a statement, as the database gives it.
pub(crate) async fn row<const N: usize>(
    conn: &impl ConnectionTrait,
    sql: &str,
    values: [Value; N],
) -> Result<Option<QueryResult>, DbErr> {
    conn.query_one_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await
}
