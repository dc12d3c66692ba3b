use database::{Cell, Column, Writes};
use domain::SubscriberId;
use sea_orm::{ConnectionTrait, DbBackend};

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
    add_all(conn.get_database_backend(), facts, &mut writes);
    Ok(writes.run(conn).await?)
}

/// Adds facts to what the caller is to write in its transaction on this database.
pub fn add_all(backend: DbBackend, facts: &[Fact], writes: &mut Writes) {
    for batch in facts.chunks(BATCH) {
        add(backend, batch, writes);
    }
}

fn add(backend: DbBackend, facts: &[Fact], writes: &mut Writes) {
    const FACT: &[Column; 7] = &[
        ("at", "timestamptz"),
        ("kind", "text"),
        ("brand_id", "uuid"),
        ("subscriber_id", "uuid"),
        ("mailing_no", "bigint"),
        ("ordinal", "bigint"),
        ("detail", "text"),
    ];
    let table = database::table(backend, 0, FACT, facts.iter().map(row).collect());
    let sql = format!(
        "INSERT INTO facts (at, kind, brand_id, subscriber_id, mailing_no, ordinal, detail) \
         SELECT at, kind, brand_id, subscriber_id, mailing_no, ordinal, detail FROM {}",
        table.sql
    );
    writes.add(sql, table.values);
}

fn row(fact: &Fact) -> [Cell; 7] {
    [
        fact.at.into(),
        fact.kind.as_str().into(),
        fact.brand.uuid().into(),
        fact.subscriber.map(SubscriberId::uuid).into(),
        fact.delivery.map(|key| key.mailing.0).into(),
        fact.delivery.map(|key| key.ordinal.0).into(),
        fact.detail.as_ref().map(serde_json::Value::to_string).into(),
    ]
}
