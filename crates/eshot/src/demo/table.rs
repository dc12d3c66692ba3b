use std::fmt;

/// What was expected of each step of the walk, and what was found.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    what: &'static str,
    expected: String,
    found: String,
}

impl Table {
    /// Writes a step down.
    pub(super) fn note(&mut self, what: &'static str, expected: impl fmt::Display, found: impl fmt::Display) {
        self.0.push(Row { what, expected: expected.to_string(), found: found.to_string() });
    }

    /// Whether every step went as it should. No step at all is no proof.
    pub(super) fn holds(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(Row::holds)
    }
}

impl Row {
    fn holds(&self) -> bool {
        self.expected == self.found
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |of: fn(&Row) -> &str| self.0.iter().map(|row| of(row).chars().count()).max().unwrap_or(0).max(8);
        let (what, expected) = (width(|row| row.what), width(|row| &row.expected));
        writeln!(f, "      {:<what$}  {:>expected$}  found", "step", "expected")?;
        for row in &self.0 {
            let verdict = if row.holds() { "ok" } else { "FAIL" };
            writeln!(f, "{verdict:<4}  {:<what$}  {:>expected$}  {}", row.what, row.expected, row.found)?;
        }
        let held = self.0.iter().filter(|row| row.holds()).count();
        write!(f, "{held} of {} steps held", self.0.len())
    }
}
