//! How files of rules that are part of the program are read, and their phrases compiled: these, and those of whoever keeps more.
//!
//! Phrases are expressions over bytes, not characters: with Unicode's classes the automata are ten times as large and say nothing more here.

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::de::DeserializeOwned;

/// What the automata of one set may take, which are built as texts ask for them. With less they are built again and again.
pub const CACHE: usize = 32 << 20;

/// Why built-in rules do not compile; a test proves that they do.
#[derive(Debug, thiserror::Error)]
pub enum InvalidRules {
    /// A file is no TOML, or has other keys.
    #[error("a rule file does not read")]
    File(#[from] toml::de::Error),
    /// A phrase has a fault.
    #[error("a phrase is no regular expression")]
    Phrase(#[from] regex::Error),
}

/// What a file says.
pub fn read<T: DeserializeOwned>(file: &str) -> Result<T, InvalidRules> {
    Ok(toml::from_str(file)?)
}

/// Which of several phrases a text has.
pub fn set<P: AsRef<str>>(phrases: impl IntoIterator<Item = P>) -> Result<RegexSet, InvalidRules> {
    Ok(RegexSetBuilder::new(phrases).case_insensitive(true).unicode(false).dfa_size_limit(CACHE).build()?)
}

/// Where a text has any of several phrases, each behind `start`; `^` and `$` are those of a line.
pub fn any<P: AsRef<str>>(start: &str, phrases: impl IntoIterator<Item = P>) -> Result<Regex, InvalidRules> {
    let phrases = phrases.into_iter().map(|phrase| format!("(?:{})", phrase.as_ref())).collect::<Vec<_>>().join("|");
    let mut builder = RegexBuilder::new(&format!("{start}(?:{phrases})"));
    Ok(builder.case_insensitive(true).multi_line(true).unicode(false).dfa_size_limit(CACHE).build()?)
}
