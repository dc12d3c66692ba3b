use sea_orm::DbBackend;
use sea_orm::sea_query::{Expr, ExprTrait};
use uuid::Uuid;

/// That a column is one of these ids, of which there are many and each time another number.
///
/// A list of parameters would be another statement for each number of them, each to be parsed, planned and kept. PostgreSQL gets one
/// parameter, an array, so that the statement is the same for all. On SQLite the last id is repeated up to a power of two, so that
/// there are few statements.
pub fn among(backend: DbBackend, column: impl Into<Expr>, ids: impl IntoIterator<Item: Into<Uuid>>) -> Expr {
    let mut ids: Vec<Uuid> = ids.into_iter().map(Into::into).collect();
    if backend == DbBackend::Sqlite {
        if let Some(last) = ids.last().copied() {
            ids.resize(ids.len().next_power_of_two(), last);
        }
        return column.into().is_in(ids);
    }
    let words: Vec<_> = ids.iter().map(Uuid::to_string).collect();
    let array = Expr::val(format!("{{{}}}", words.join(",")));
    Expr::cust_with_exprs("$1 = ANY($2::text::uuid[])", [column.into(), array])
}

#[cfg(test)]
mod tests {
    use sea_orm::sea_query::{Alias, PostgresQueryBuilder, Query, SqliteQueryBuilder};

    use super::*;

    fn select(backend: DbBackend, ids: &[Uuid]) -> sea_orm::sea_query::SelectStatement {
        let column = Expr::col(Alias::new("id"));
        Query::select().expr(Expr::val(1)).and_where(among(backend, column, ids.iter().copied())).take()
    }

    #[test]
    fn postgresql_gets_one_parameter() {
        let (sql, values) = select(DbBackend::Postgres, &[Uuid::nil(), Uuid::max()]).build(PostgresQueryBuilder);
        assert_eq!(sql, r#"SELECT $1 WHERE "id" = ANY($2::text::uuid[])"#);
        let ids = "{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}";
        assert_eq!(values.0[1], ids.into());
    }

    #[test]
    fn on_sqlite_ids_are_filled_up_to_a_power_of_two() {
        let (sql, values) =
            select(DbBackend::Sqlite, &[Uuid::nil(), Uuid::nil(), Uuid::max()]).build(SqliteQueryBuilder);
        assert_eq!(sql, r#"SELECT ? WHERE "id" IN (?, ?, ?, ?)"#);
        assert_eq!(values.0[3..], [Uuid::max().into(), Uuid::max().into()]);
        let (sql, values) = select(DbBackend::Sqlite, &[]).build(SqliteQueryBuilder);
        assert_eq!(sql, "SELECT ? WHERE ? = ?", "nobody is among none");
        assert_eq!(values.0[1..], [1.into(), 2.into()]);
    }
}
