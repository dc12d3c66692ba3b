use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use crate::{Database, deadlock};

/// What PostgreSQL calls a division by zero (Appendix A of its manual, class 22: data exception).
const DIVISION_BY_ZERO: &str = "22012";

/// How many parameters go at once, save where one statement has more: SQLite takes 32,766, PostgreSQL 65,535.
const MOST: usize = 30_000;

/// Statements that write, with their parameters `$1`, `$2`, which a database gets all at once.
///
/// Each trip to the database costs more than what most statements do there: SQLite runs in a thread of its own, and PostgreSQL in a
/// process. So what need not wait for another's answer goes together. No statement sees what another does, and no two may
/// change the same row: PostgreSQL runs them at the same time.
#[derive(Debug, Default)]
pub struct Writes(Vec<Write>);

#[derive(Debug)]
struct Write {
    sql: String,
    values: Vec<Value>,
    exactly: Option<u64>,
}

impl Writes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more, an INSERT, UPDATE or DELETE without RETURNING.
    pub fn add(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.0.push(Write { sql: sql.into(), values: values.into_iter().collect(), exactly: None });
    }

    /// One more, that must change so many rows.
    pub fn add_exactly(&mut self, rows: u64, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.add(sql, values);
        if let Some(write) = self.0.last_mut() {
            write.exactly = Some(rows);
        }
    }

    /// Runs them.
    ///
    /// # Errors
    ///
    /// If one of them fails, or [`DbErr::RecordNotUpdated`] if one changed other than as many rows as it had to. The caller's
    /// transaction is to be rolled back then, for others may have been done.
    pub async fn run(self, conn: &impl ConnectionTrait) -> Result<(), DbErr> {
        if self.0.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = self.0.iter().map(|write| write.exactly).collect();
        let changed = self.changed(conn).await?;
        let is_off = |(wanted, changed): (&Option<u64>, &u64)| wanted.is_some_and(|wanted| wanted != *changed);
        if changed.len() != wanted.len() || wanted.iter().zip(&changed).any(is_off) {
            return Err(DbErr::RecordNotUpdated);
        }
        Ok(())
    }

    /// Runs them in a transaction of their own, of which nothing is done unless each changes as many rows as it has to.
    ///
    /// PostgreSQL gets one statement, that is its own transaction and counts for itself: to begin, to count and to commit would each
    /// be a trip more.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run). What [`is_undone`](crate::is_undone) says of the error tells whether they may be done all the same.
    pub async fn commit(self, db: &Database) -> Result<(), DbErr> {
        let parameters: usize = self.0.iter().map(|write| write.values.len() + 1).sum();
        if db.backend() == DbBackend::Sqlite || parameters > MOST || self.0.is_empty() {
            let txn = db.begin().await?;
            self.run(&txn).await?;
            return txn.commit().await;
        }
        let (sql, values) = all_or_nothing(self.0);
        let done = db.writer().query_one_raw(Statement::from_sql_and_values(db.backend(), sql, values)).await;
        match done {
            Err(error) if deadlock::code(&error).is_some_and(|code| code == DIVISION_BY_ZERO) => {
                Err(DbErr::RecordNotUpdated)
            }
            done => done.map(drop),
        }
    }

    /// How many rows each has changed.
    async fn changed(self, conn: &impl ConnectionTrait) -> Result<Vec<u64>, DbErr> {
        let backend = conn.get_database_backend();
        let mut changed = Vec::with_capacity(self.0.len());
        for trip in trips(self.0) {
            let (sql, values) = if backend == DbBackend::Sqlite { one_after_another(trip) } else { all_at_once(trip) };
            for row in conn.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
                changed.push(u64::try_from(row.try_get_by_index::<i64>(0)?).unwrap_or_default());
            }
        }
        Ok(changed)
    }
}

/// As many as may go at once, by the parameters that they have.
fn trips(writes: Vec<Write>) -> Vec<Vec<Write>> {
    let (mut trips, mut parameters) = (Vec::<Vec<Write>>::new(), 0);
    for write in writes {
        parameters += write.values.len();
        match trips.last_mut() {
            Some(trip) if parameters <= MOST => trip.push(write),
            _ => {
                parameters = write.values.len();
                trips.push(vec![write]);
            }
        }
    }
    trips
}

/// SQLite takes several statements in one text, whose parameters are one list. They lose their numbers: it looks a number up among
/// all others, and there are a thousand of them.
fn one_after_another(writes: Vec<Write>) -> (String, Vec<Value>) {
    let bytes = writes.iter().map(|write| write.sql.len() + 20).sum();
    let (mut sql, mut values) = (String::with_capacity(bytes), Vec::new());
    for write in writes {
        let mut numbers = Vec::with_capacity(write.values.len());
        for (text, parameter) in parameters(&write.sql) {
            sql.push_str(text);
            if let Some(number) = parameter.filter(|number| *number <= write.values.len()) {
                sql.push('?');
                numbers.push(number - 1);
            }
        }
        // Most have each of theirs once and in order: then there is nothing to copy.
        if numbers.iter().copied().eq(0..write.values.len()) {
            values.extend(write.values);
        } else {
            values.extend(numbers.iter().map(|number| write.values[*number].clone()));
        }
        sql.push_str("; SELECT changes();");
    }
    (sql, values)
}

/// PostgreSQL takes one statement if it has parameters. The counts are read one by one, in the order of the statements.
fn all_at_once(writes: Vec<Write>) -> (String, Vec<Value>) {
    let counts: Vec<_> = (0..writes.len()).map(|no| format!("SELECT count(*), {no} AS no FROM w{no}")).collect();
    let (parts, values) = parts(writes);
    (format!("{parts} {} ORDER BY no", counts.join(" UNION ALL ")), values)
}

/// The same, which fails as a whole where a count is not what it has to be: it divides by zero.
fn all_or_nothing(writes: Vec<Write>) -> (String, Vec<Value>) {
    let exactly: Vec<_> = writes.iter().map(|write| write.exactly).collect();
    let (parts, mut values) = parts(writes);
    let mut asked = String::from("true");
    for (no, rows) in exactly.into_iter().enumerate() {
        if let Some(rows) = rows {
            values.push(i64::try_from(rows).unwrap_or(i64::MAX).into());
            asked.push_str(&format!(" AND (SELECT count(*) FROM w{no}) = ${}", values.len()));
        }
    }
    (format!("{parts} SELECT 1 / CASE WHEN {asked} THEN 1 ELSE 0 END"), values)
}

/// Statements as parts of one, each called `w` and its place, with the parameters of all.
fn parts(writes: Vec<Write>) -> (String, Vec<Value>) {
    let (mut texts, mut values) = (Vec::new(), Vec::new());
    for (no, write) in writes.into_iter().enumerate() {
        let mut text = String::new();
        for (before, parameter) in parameters(&write.sql) {
            text.push_str(before);
            if let Some(number) = parameter {
                text.push_str(&format!("${}", values.len() + number));
            }
        }
        values.extend(write.values);
        texts.push(format!("w{no} AS ({text} RETURNING 1)"));
    }
    (format!("WITH {}", texts.join(", ")), values)
}

/// A statement in pieces, each with the number of the parameter behind it. A `$` without a number is text.
fn parameters(sql: &str) -> impl Iterator<Item = (&str, Option<usize>)> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(at) = memchr::memchr(b'$', &rest.as_bytes()[from..]).map(|at| at + from) {
            let (number, end) = number(rest.as_bytes(), at + 1);
            if number > 0 {
                let text = &rest[..at];
                rest = &rest[end..];
                return Some((text, Some(number)));
            }
            from = end;
        }
        Some((std::mem::take(&mut rest), None))
    })
}

/// The number that begins here, nought without one, and where it ends.
fn number(text: &[u8], from: usize) -> (usize, usize) {
    let digits = text[from..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold((0, from), |(number, end), digit| (number * 10 + usize::from(digit - b'0'), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes() -> Vec<Write> {
        let mut writes = Writes::new();
        writes.add("UPDATE a SET b = $2, c = '$.x' || $1 WHERE d = $2", [1.into(), "two".into()]);
        writes.add("DELETE FROM a", []);
        writes.add("INSERT INTO a VALUES ($1::bigint)", [3.into()]);
        writes.0
    }

    #[test]
    fn sqlite_gets_each_value_where_it_stands() {
        let (sql, values) = one_after_another(writes());
        assert_eq!(
            sql,
            "UPDATE a SET b = ?, c = '$.x' || ? WHERE d = ?; SELECT changes();DELETE FROM a; SELECT changes();\
             INSERT INTO a VALUES (?::bigint); SELECT changes();"
        );
        assert_eq!(values, ["two".into(), 1.into(), "two".into(), 3.into()]);
    }

    #[test]
    fn postgresql_gets_them_as_parts_of_one_statement() {
        let (sql, values) = all_at_once(writes());
        assert_eq!(
            sql,
            "WITH w0 AS (UPDATE a SET b = $2, c = '$.x' || $1 WHERE d = $2 RETURNING 1), \
             w1 AS (DELETE FROM a RETURNING 1), w2 AS (INSERT INTO a VALUES ($3::bigint) RETURNING 1) \
             SELECT count(*), 0 AS no FROM w0 UNION ALL SELECT count(*), 1 AS no FROM w1 \
             UNION ALL SELECT count(*), 2 AS no FROM w2 ORDER BY no"
        );
        assert_eq!(values, [1.into(), "two".into(), 3.into()]);
    }

    #[test]
    fn no_more_parameters_go_at_once_than_a_database_takes() {
        let mut writes = Writes::new();
        for parameters in [10_000, 20_000, 1, 29_999, 40_000, 5] {
            writes.add("DELETE FROM a", vec![Value::Int(None); parameters]);
        }
        let trips: Vec<Vec<_>> =
            trips(writes.0).iter().map(|trip| trip.iter().map(|write| write.values.len()).collect()).collect();
        assert_eq!(trips, [vec![10_000, 20_000], vec![1, 29_999], vec![40_000], vec![5]]);
    }
}
