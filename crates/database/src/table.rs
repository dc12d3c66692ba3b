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
    let mut parameter = others;
    let mut texts = Vec::with_capacity(rows.len());
    for row in &rows {
        let parameters: Vec<_> = (1..=row.len()).map(|no| format!("${}", parameter + no)).collect();
        texts.push(format!("({})", parameters.join(", ")));
        parameter += row.len();
    }
    let sql = format!("(SELECT * FROM (VALUES {}) AS rows WHERE column1 IS NOT NULL) AS v", texts.join(", "));
    Table { sql, values: rows.into_iter().flatten().collect() }
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
