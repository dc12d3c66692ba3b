use std::fmt;

/// One thing that is wrong with the configuration: where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, such as `relay.url`, or the variable.
    pub key: String,
    /// Where it was set: a file or a variable. Empty when it was set nowhere.
    pub source: String,
    /// What is wrong and what would be right.
    pub what: String,
}

impl Problem {
    pub(super) fn new(key: impl Into<String>, source: impl Into<String>, what: impl Into<String>) -> Self {
        Self { key: key.into(), source: source.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.key.is_empty(), self.source.is_empty()) {
            (false, false) => write!(f, "{} ({}): {}", self.key, self.source, self.what),
            (true, false) => write!(f, "{}: {}", self.source, self.what),
            _ => write!(f, "{}: {}", self.key, self.what),
        }
    }
}

/// Everything that is wrong with the configuration, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidConfig(pub Vec<Problem>);

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is wrong:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

/// The one of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, best) = known.into_iter().map(|other| (distance(word, other), other)).min()?;
    // A third of the letters wrong is a slip; more is another word.
    (distance * 3 <= word.len().max(3)).then_some(best)
}

/// How many letters must be put in, left out or changed to get from one word to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["url", "connections", "password"];
        assert_eq!(nearest("conections", known), Some("connections"));
        assert_eq!(nearest("passwort", known), Some("password"));
        assert_eq!(nearest("colour", known), None);
    }
}
