//! The SQL that SQLite and PostgreSQL spell differently.
//!
//! Batches travel as one JSON parameter, so that a statement's text does not depend on how many rows it is for: it is
//! prepared once, and SQLite's limit of 32,766 parameters is out of reach.

use database::{Cell, Column, Table};
use sea_orm::{DbBackend, Value};
use serde::{Serialize, Serializer};

/// A batch as the parameter that [`rows`], [`numbers`] and [`texts`] read.
pub(crate) fn json(batch: &impl Serialize) -> Value {
    serde_json::json!(batch).to_string().into()
}

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

/// A batch with these columns behind so many other parameters, as a table called `v`. The first column is never NULL.
///
/// Where SQLite cannot take as many parameters as the batch has values, it reads it from one, like [`rows`]: once for every column of
/// every row, which takes long.
pub(crate) fn table<const N: usize>(
    backend: DbBackend,
    others: u8,
    columns: &[Column; N],
    batch: Vec<[Cell; N]>,
) -> Table {
    if backend == DbBackend::Sqlite && N * batch.len().next_power_of_two() > MOST {
        let objects: Vec<_> = batch.iter().map(|row| Object(columns, row)).collect();
        return Table { sql: rows(backend, others + 1, columns), values: vec![json(&objects)] };
    }
    database::table(backend, usize::from(others), columns, batch)
}

/// A row as an object of JSON.
struct Object<'a, const N: usize>(&'a [Column; N], &'a [Cell; N]);

impl<const N: usize> Serialize for Object<'_, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, _)| name).zip(self.1))
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
