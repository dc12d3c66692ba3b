use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};

/// The facts since then that show that the person of `subscriber` (a column of the query around it) wants our mail: a confirmation, an
/// opened mail, a followed link, an answer.
pub fn engaged_since(subscriber: Expr, since: DateTime<Utc>) -> SelectStatement {
    let facts = |column: &str| Expr::col((Alias::new("facts"), Alias::new(column.to_owned())));
    Query::select()
        .expr(Expr::val(1))
        .from(Alias::new("facts"))
        .and_where(facts("subscriber_id").eq(subscriber))
        // As the index has it, so that it is taken.
        .and_where(Expr::cust("kind IN ('confirmed', 'opened', 'clicked', 'answered')"))
        .and_where(facts("at").gte(since))
        .take()
}
