//! The SQL that SQLite and PostgreSQL spell differently.
//!
//! Batches travel as one JSON parameter, so that a statement's text does not depend on how many rows it is for: it is
//! prepared once, and SQLite's limit of 32,766 parameters is out of reach.

use chrono::{DateTime, SecondsFormat, Utc};
use database::Table;
use sea_orm::{DbBackend, Value};
use serde::Serialize;

/// A batch as the parameter that [`rows`], [`numbers`] and [`texts`] read.
pub(crate) fn json(batch: &impl Serialize) -> Value {
    serde_json::json!(batch).to_string().into()
}

/// A column of a batch: its name and PostgreSQL's type for it.
pub(crate) type Column = (&'static str, &'static str);

/// The parameter, a JSON array of objects, as a table with these columns, called `v`.
pub(crate) fn rows(backend: DbBackend, parameter: u8, columns: &[Column]) -> String {
    if backend == DbBackend::Sqlite {
        let columns: Vec<String> =
            columns.iter().map(|(name, _)| format!("json_extract(value, '$.{name}') AS {name}")).collect();
        format!("(SELECT {} FROM json_each(${parameter})) AS v", columns.join(", "))
    } else {
        let columns: Vec<String> = columns.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
        format!("json_to_recordset(${parameter}::json) AS v({})", columns.join(", "))
    }
}

/// How many parameters [`table`] makes at most, of the 32,766 that SQLite takes.
const MOST: usize = 16_000;

/// A batch with these columns, each row a JSON object, behind so many other parameters, as a table called `v`. The first column is
/// never NULL.
///
/// PostgreSQL reads the batch from one parameter, like [`rows`]. SQLite would read the JSON once for every column of every row, and
/// so gets each value of a batch of usual size as a parameter.
pub(crate) fn table(backend: DbBackend, others: u8, columns: &[Column], batch: &[serde_json::Value]) -> Table {
    if backend != DbBackend::Sqlite || columns.len() * batch.len().next_power_of_two() > MOST {
        return Table { sql: rows(backend, others + 1, columns), values: vec![json(&batch)] };
    }
    let cells = batch.iter().map(|row| columns.iter().map(|(name, _)| value(&row[*name])).collect()).collect();
    let table = database::table(usize::from(others), cells);
    let names: Vec<_> =
        columns.iter().enumerate().map(|(at, (name, _))| format!("column{} AS {name}", at + 1)).collect();
    Table { sql: format!("(SELECT {} FROM {}) AS v", names.join(", "), table.sql), ..table }
}

/// A value of JSON as a parameter of SQLite.
fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Bool(yes) => (*yes).into(),
        serde_json::Value::Number(number) => number.as_i64().into(),
        serde_json::Value::String(text) => text.as_str().into(),
        other => Some(other).filter(|other| !other.is_null()).map(ToString::to_string).into(),
    }
}

/// The parameter, a JSON array of numbers, as a sub-query.
pub(crate) fn numbers(backend: DbBackend, parameter: u8) -> String {
    if backend == DbBackend::Sqlite {
        format!("(SELECT value FROM json_each(${parameter}))")
    } else {
        format!("(SELECT value::bigint FROM json_array_elements_text(${parameter}::json))")
    }
}

/// The parameter, a JSON array of texts, as a sub-query.
pub(crate) fn texts(backend: DbBackend, parameter: u8) -> String {
    if backend == DbBackend::Sqlite {
        format!("(SELECT value FROM json_each(${parameter}))")
    } else {
        format!("(SELECT value FROM json_array_elements_text(${parameter}::json))")
    }
}

/// A time within JSON. On SQLite times are text and compared as text, so this is the very spelling in which sqlx writes
/// and compares them; PostgreSQL reads it as well.
pub(crate) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// What to do about a row that another transaction has locked.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Locked {
    /// Take another row.
    Skip,
    /// Wait for it.
    Wait,
}

/// Whether rows have to be locked, because another transaction may change them at the same time. One on SQLite is alone.
pub(crate) fn locks(backend: DbBackend) -> bool {
    backend != DbBackend::Sqlite
}

/// Locks the rows of `table` that a SELECT finds until the transaction ends, where that is needed.
pub(crate) fn for_update(backend: DbBackend, table: &str, locked: Locked) -> String {
    match locked {
        _ if !locks(backend) => String::new(),
        Locked::Wait => format!(" FOR UPDATE OF {table}"),
        Locked::Skip => format!(" FOR UPDATE OF {table} SKIP LOCKED"),
    }
}
