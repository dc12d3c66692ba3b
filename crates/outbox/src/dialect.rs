//! The SQL that SQLite and PostgreSQL spell differently.
//!
//! Batches travel as one JSON parameter, so that a statement's text does not depend on how many rows it is for: it is
//! prepared once, and SQLite's limit of 32,766 parameters is out of reach.

use chrono::{DateTime, SecondsFormat, Utc};
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

/// Locks the rows of `table` that a SELECT finds until the transaction ends. A transaction on SQLite is alone anyway.
pub(crate) fn for_update(backend: DbBackend, table: &str, locked: Locked) -> String {
    match (backend, locked) {
        (DbBackend::Sqlite, _) => String::new(),
        (_, Locked::Wait) => format!(" FOR UPDATE OF {table}"),
        (_, Locked::Skip) => format!(" FOR UPDATE OF {table} SKIP LOCKED"),
    }
}
