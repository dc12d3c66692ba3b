use database::Writes;
use sea_orm::{ConnectionTrait, Value};

use crate::{Error, Fact};

/// Facts in one statement: seven parameters each, together well below SQLite's 32,766.
const BATCH: usize = 512;

/// Writes a fact in the caller's transaction.
pub async fn record(conn: &impl ConnectionTrait, fact: &Fact) -> Result<(), Error> {
    record_all(conn, std::slice::from_ref(fact)).await
}

/// Writes facts in the caller's transaction.
pub async fn record_all(conn: &impl ConnectionTrait, facts: &[Fact]) -> Result<(), Error> {
    let mut writes = Writes::new();
    add_all(facts, &mut writes);
    Ok(writes.run(conn).await?)
}

/// Adds facts to what the caller is to write in its transaction.
pub fn add_all(facts: &[Fact], writes: &mut Writes) {
    for batch in facts.chunks(BATCH) {
        add(batch, writes);
    }
}

fn add(facts: &[Fact], writes: &mut Writes) {
    let rows: Vec<_> = facts.iter().map(row).collect();
    let table = database::table(0, rows);
    let sql = format!(
        "INSERT INTO facts (at, kind, brand_id, subscriber_id, mailing_no, ordinal, detail) SELECT * FROM {}",
        table.sql
    );
    writes.add(sql, table.values);
}

fn row(fact: &Fact) -> Vec<Value> {
    vec![
        fact.at.into(),
        fact.kind.into(),
        fact.brand.into(),
        fact.subscriber.into(),
        fact.delivery.map(|key| key.mailing).into(),
        fact.delivery.map(|key| key.ordinal).into(),
        fact.detail.as_ref().map(serde_json::Value::to_string).into(),
    ]
}
