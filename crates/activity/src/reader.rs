use chrono::{DateTime, Utc};
use domain::{BrandId, DeliveryKey, MailingNo, Ordinal, SubscriberId};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, FromQueryResult, Statement};

use crate::{Error, Fact, Kind, dialect};

/// A place in the order of facts: the transaction that wrote a fact, and the fact.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    written_by: i64,
    id: i64,
}

impl Cursor {
    /// The number of the fact: no other has it in this database.
    pub const fn fact(self) -> i64 {
        self.id
    }
}

#[derive(FromQueryResult)]
struct Row {
    written_by: i64,
    id: i64,
    at: DateTime<Utc>,
    kind: Kind,
    brand_id: BrandId,
    subscriber_id: Option<SubscriberId>,
    mailing_no: Option<MailingNo>,
    ordinal: Option<Ordinal>,
    detail: Option<String>,
}

impl TryFrom<Row> for (Cursor, Fact) {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let detail = row.detail.as_deref().map(serde_json::from_str).transpose();
        let fact = Fact {
            at: row.at,
            kind: row.kind,
            brand: row.brand_id,
            subscriber: row.subscriber_id,
            delivery: row.mailing_no.zip(row.ordinal).map(|(mailing, ordinal)| DeliveryKey::new(mailing, ordinal)),
            detail: detail.map_err(|source| Error::Detail { id: row.id, source })?,
        };
        Ok((Cursor { written_by: row.written_by, id: row.id }, fact))
    }
}

/// The next facts that this reader has not passed, in an order that never changes. Reading moves nothing: see [`advance`].
pub async fn read(conn: &impl ConnectionTrait, reader: &str, limit: u32) -> Result<Vec<(Cursor, Fact)>, Error> {
    facts(conn, dialect::behind(conn.get_database_backend()), reader, limit).await
}

/// The next facts that tell of something that went wrong, and that this reader has not passed: messages that failed or came back,
/// and complaints. What went well costs it nothing.
pub async fn read_failures(
    conn: &impl ConnectionTrait,
    reader: &str,
    limit: u32,
) -> Result<Vec<(Cursor, Fact)>, Error> {
    facts(conn, dialect::failures_behind(conn.get_database_backend()), reader, limit).await
}

async fn facts(conn: &impl ConnectionTrait, sql: &str, reader: &str, limit: u32) -> Result<Vec<(Cursor, Fact)>, Error> {
    let cursor = cursor(conn, reader).await?;
    let values = [cursor.written_by.into(), cursor.id.into(), i64::from(limit).into()];
    let rows = conn.query_all_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    rows.iter().map(|row| Row::from_query_result(row, "")?.try_into()).collect()
}

/// Has a reader that has never read begin behind all facts that there are: what was before it came is no news.
pub async fn begin_at_the_end(conn: &impl ConnectionTrait, reader: &str) -> Result<(), Error> {
    let backend = conn.get_database_backend();
    // Once a reader has a place, asking costs a look at its key.
    if conn.query_one_raw(known(backend, reader)).await?.is_some() {
        return Ok(());
    }
    let last = conn.query_one_raw(Statement::from_string(backend, dialect::last(backend))).await?;
    let last = match last {
        Some(row) => Cursor { written_by: row.try_get_by_index(0)?, id: row.try_get_by_index(1)? },
        None => Cursor::default(),
    };
    let sql = "INSERT INTO fact_cursors (reader, written_by, id) VALUES ($1, $2, $3) ON CONFLICT (reader) DO NOTHING";
    let values = [reader.into(), last.written_by.into(), last.id.into()];
    conn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(())
}

/// Where a reader stands. Asked before its facts are read, it is what [`advance_from`] goes on from.
pub async fn position(conn: &impl ConnectionTrait, reader: &str) -> Result<Cursor, Error> {
    Ok(cursor(conn, reader).await?)
}

/// Takes the reader past a fact if it still stands where it stood. If it does not, somebody else has passed these facts in the meantime,
/// and whoever counts them rolls back. From here to the commit nobody else moves the reader.
pub async fn advance_from(conn: &impl ConnectionTrait, reader: &str, from: Cursor, to: Cursor) -> Result<bool, Error> {
    let sql = "INSERT INTO fact_cursors (reader, written_by, id) VALUES ($1, $2, $3) \
               ON CONFLICT (reader) DO UPDATE SET written_by = excluded.written_by, id = excluded.id \
               WHERE fact_cursors.written_by = $4 AND fact_cursors.id = $5";
    let values = [reader.into(), to.written_by.into(), to.id.into(), from.written_by.into(), from.id.into()];
    let done = conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(done.rows_affected() == 1)
}

/// Takes the reader past a fact, best in the transaction that holds what it made of it. A reader never goes back.
pub async fn advance(conn: &impl ConnectionTrait, reader: &str, to: Cursor) -> Result<(), Error> {
    let sql = "INSERT INTO fact_cursors (reader, written_by, id) VALUES ($1, $2, $3) \
               ON CONFLICT (reader) DO UPDATE SET written_by = excluded.written_by, id = excluded.id \
               WHERE (fact_cursors.written_by, fact_cursors.id) < (excluded.written_by, excluded.id)";
    let values = [reader.into(), to.written_by.into(), to.id.into()];
    conn.execute_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values)).await?;
    Ok(())
}

async fn cursor(conn: &impl ConnectionTrait, reader: &str) -> Result<Cursor, DbErr> {
    let known = known(conn.get_database_backend(), reader);
    let Some(row) = conn.query_one_raw(known).await? else { return Ok(Cursor::default()) };
    Ok(Cursor { written_by: row.try_get_by_index(0)?, id: row.try_get_by_index(1)? })
}

fn known(backend: DbBackend, reader: &str) -> Statement {
    let sql = "SELECT written_by, id FROM fact_cursors WHERE reader = $1";
    Statement::from_sql_and_values(backend, sql, [reader.into()])
}
