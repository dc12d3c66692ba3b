use std::fmt::Write;

use sea_orm::Value;

/// Rows as a table called `v`.
#[derive(Clone, Debug)]
pub struct Table {
    /// What stands behind FROM. Its columns are `column1`, `column2` and so on, as both databases call them.
    pub sql: String,
    /// Its parameters.
    pub values: Vec<Value>,
}

/// Rows of equal width as a table, each value of which is a parameter behind so many others. The first of a row is never NULL.
///
/// Empty rows fill them up to a power of two: so there are few statements, and these stay prepared. SQLite takes 32,766 parameters
/// in all, PostgreSQL 65,535.
pub fn table(others: usize, mut rows: Vec<Vec<Value>>) -> Table {
    let nobody: Vec<Value> = rows.first().into_iter().flatten().map(Value::as_null).collect();
    rows.resize(rows.len().next_power_of_two(), nobody);
    let cells = rows.iter().map(Vec::len).sum::<usize>();
    let mut sql = String::with_capacity(80 + cells * 7);
    sql.push_str("(SELECT * FROM (VALUES ");
    let mut parameter = others;
    for row in &rows {
        sql.push_str(if parameter == others { "(" } else { ", (" });
        for column in 0..row.len() {
            parameter += 1;
            // Writing to a String never fails.
            let _ = write!(sql, "{}{parameter}", if column == 0 { "$" } else { ", $" });
        }
        sql.push(')');
    }
    sql.push_str(") AS rows WHERE column1 IS NOT NULL) AS v");
    let mut values = Vec::with_capacity(cells);
    values.extend(rows.into_iter().flatten());
    Table { sql, values }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_filled_up_to_a_power_of_two() {
        let table = table(2, vec![vec![1.into(), "a".into()], vec![2.into(), "b".into()], vec![3.into(), "c".into()]]);
        assert_eq!(
            table.sql,
            "(SELECT * FROM (VALUES ($3, $4), ($5, $6), ($7, $8), ($9, $10)) AS rows WHERE column1 IS NOT NULL) AS v"
        );
        let (null, none) = (Value::Int(None), Value::String(None));
        assert_eq!(table.values, [1.into(), "a".into(), 2.into(), "b".into(), 3.into(), "c".into(), null, none]);
    }
}
