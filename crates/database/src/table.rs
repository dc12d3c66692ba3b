use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::{DbBackend, Value};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A column of a batch: its name and PostgreSQL's type for it.
pub type Column = (&'static str, &'static str);

/// One value of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// None.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text that the program's code holds.
    Word(&'static str),
    /// Any other text.
    Text(String),
    /// An id.
    Id(Uuid),
    /// A time.
    Time(DateTime<Utc>),
}

/// A batch as a table.
#[derive(Clone, Debug)]
pub struct Table {
    /// What stands behind FROM; the table is called `v`.
    pub sql: String,
    /// Its parameters.
    pub values: Vec<Value>,
}

/// A batch with these columns behind so many other parameters, as a table called `v`. The first column is never NULL.
///
/// PostgreSQL gets each column as one parameter, an array, so that the statement is the same for every batch. SQLite gets each value
/// as a parameter, of which it takes 32,766 in all; there, empty rows fill the table up to a power of two, so that there are few
/// statements and these stay prepared.
pub fn table<const N: usize>(backend: DbBackend, others: usize, columns: &[Column; N], rows: Vec<[Cell; N]>) -> Table {
    if backend == DbBackend::Sqlite { of_values(others, columns, rows) } else { of_arrays(others, columns, &rows) }
}

fn of_values<const N: usize>(others: usize, columns: &[Column; N], rows: Vec<[Cell; N]>) -> Table {
    let filled = rows.len().next_power_of_two();
    let names: Vec<_> =
        columns.iter().enumerate().map(|(at, (name, _))| format!("column{} AS {name}", at + 1)).collect();
    let mut sql = String::with_capacity(120 + filled * N * 7);
    // Writing to a String never fails.
    let _ = write!(sql, "(SELECT {} FROM (VALUES ", names.join(", "));
    let mut parameter = others;
    for _ in 0..filled {
        sql.push_str(if parameter == others { "(" } else { ", (" });
        for column in 0..N {
            parameter += 1;
            let _ = write!(sql, "{}{parameter}", if column == 0 { "$" } else { ", $" });
        }
        sql.push(')');
    }
    sql.push_str(") AS filled WHERE column1 IS NOT NULL) AS v");
    let mut values = Vec::with_capacity(filled * N);
    values.extend(rows.into_iter().flatten().map(Value::from));
    values.resize(filled * N, Value::String(None));
    Table { sql, values }
}

fn of_arrays<const N: usize>(others: usize, columns: &[Column; N], rows: &[[Cell; N]]) -> Table {
    let arrays: Vec<_> =
        columns.iter().enumerate().map(|(at, (_, kind))| format!("${}::text::{kind}[]", others + at + 1)).collect();
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let sql = format!("unnest({}) AS v({})", arrays.join(", "), names.join(", "));
    let values = (0..N).map(|at| array(rows.iter().map(|row| &row[at])).into()).collect();
    Table { sql, values }
}

/// Cells as PostgreSQL writes an array (its manual, section 8.15.6).
fn array<'a>(cells: impl Iterator<Item = &'a Cell>) -> String {
    let mut array = String::from("{");
    for cell in cells {
        if array.len() > 1 {
            array.push(',');
        }
        // Writing to a String never fails.
        let _ = match cell {
            Cell::Null => write!(array, "NULL"),
            Cell::Bool(yes) => write!(array, "{yes}"),
            Cell::Int(number) => write!(array, "{number}"),
            Cell::Word(word) => quote(&mut array, word),
            Cell::Text(text) => quote(&mut array, text),
            Cell::Id(id) => write!(array, "{id}"),
            Cell::Time(time) => write!(array, "{}", spelt(*time)),
        };
    }
    array.push('}');
    array
}

fn quote(array: &mut String, text: &str) -> std::fmt::Result {
    array.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            array.push('\\');
        }
        array.push(c);
    }
    array.push('"');
    Ok(())
}

/// A time as sqlx writes it: on SQLite times are text and compared as text. PostgreSQL reads it as well.
fn spelt(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Null => Self::String(None),
            Cell::Bool(yes) => yes.into(),
            Cell::Int(number) => number.into(),
            Cell::Word(word) => word.into(),
            Cell::Text(text) => text.into(),
            Cell::Id(id) => id.into(),
            Cell::Time(time) => time.into(),
        }
    }
}

/// As JSON: an id and a time are the texts by which PostgreSQL knows them, and SQLite a time.
impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(yes) => serializer.serialize_bool(*yes),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Word(word) => serializer.serialize_str(word),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Id(id) => serializer.collect_str(id),
            Self::Time(time) => serializer.serialize_str(&spelt(*time)),
        }
    }
}

macro_rules! cell {
    ($($from:ty => $cell:ident),* $(,)?) => {
        $(impl From<$from> for Cell {
            fn from(value: $from) -> Self {
                Self::$cell(value)
            }
        })*
    };
}

cell! {
    bool => Bool,
    i64 => Int,
    &'static str => Word,
    String => Text,
    Uuid => Id,
    DateTime<Utc> => Time,
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column; 2] = &[("no", "bigint"), ("name", "text")];

    #[test]
    fn on_sqlite_rows_are_filled_up_to_a_power_of_two() {
        let rows = vec![[1.into(), "a".into()], [2.into(), Cell::Null], [3.into(), "c".into()]];
        let table = table(DbBackend::Sqlite, 2, COLUMNS, rows);
        assert_eq!(
            table.sql,
            "(SELECT column1 AS no, column2 AS name FROM (VALUES ($3, $4), ($5, $6), ($7, $8), ($9, $10)) AS filled \
             WHERE column1 IS NOT NULL) AS v"
        );
        let null = Value::String(None);
        let expected: [Value; 8] =
            [1_i64.into(), "a".into(), 2_i64.into(), null.clone(), 3_i64.into(), "c".into(), null.clone(), null];
        assert_eq!(table.values, expected);
    }

    #[test]
    fn postgresql_gets_a_column_as_one_parameter() {
        let rows = vec![[1.into(), r#"a "{b}", \c"#.into()], [2.into(), Cell::Null], [(-3).into(), "NULL".into()]];
        let table = table(DbBackend::Postgres, 2, COLUMNS, rows);
        assert_eq!(table.sql, "unnest($3::text::bigint[], $4::text::text[]) AS v(no, name)");
        assert_eq!(table.values, ["{1,2,-3}".into(), r#"{"a \"{b}\", \\c",NULL,"NULL"}"#.into()]);
    }
}
