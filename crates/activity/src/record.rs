use sea_orm::{ConnectionTrait, DbErr, Statement, Value};

use crate::{Error, Fact};

/// Facts in one statement: seven parameters each, together well below SQLite's 32,766.
const BATCH: usize = 500;

/// Writes a fact in the caller's transaction.
pub async fn record(conn: &impl ConnectionTrait, fact: &Fact) -> Result<(), Error> {
    record_all(conn, std::slice::from_ref(fact)).await
}

/// Writes facts in the caller's transaction.
pub async fn record_all(conn: &impl ConnectionTrait, facts: &[Fact]) -> Result<(), Error> {
    for batch in facts.chunks(BATCH) {
        insert(conn, batch).await?;
    }
    Ok(())
}

async fn insert(conn: &impl ConnectionTrait, facts: &[Fact]) -> Result<(), DbErr> {
    let mut values: Vec<Value> = Vec::with_capacity(facts.len() * 7);
    let mut rows = Vec::with_capacity(facts.len());
    for fact in facts {
        let n = values.len();
        rows.push(format!("(${}, ${}, ${}, ${}, ${}, ${}, ${})", n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7));
        values.extend([
            fact.at.into(),
            fact.kind.into(),
            fact.brand.into(),
            fact.subscriber.into(),
            fact.delivery.map(|key| key.mailing).into(),
            fact.delivery.map(|key| key.ordinal).into(),
            fact.detail.as_ref().map(serde_json::Value::to_string).into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO facts (at, kind, brand_id, subscriber_id, mailing_no, ordinal, detail) VALUES {}",
        rows.join(", ")
    );
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await.map(drop)
}
