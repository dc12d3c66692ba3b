//! The rules of reading as data, each row with its source, compiled once and when they are first asked.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};
use serde::Deserialize;
use verdict::built_in::{InvalidRules, any, read, set};

/// Where a sign is looked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    From,
    Subject,
    Header,
    Text,
}

/// What tells that a mail is a report.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    #[serde(rename = "id")]
    _id: String,
    #[serde(rename = "in")]
    pub(crate) place: Place,
    pub(crate) points: i32,
    /// Whether it shows a server, and not a person who writes about one.
    #[serde(default)]
    pub(crate) server: bool,
    phrase: String,
    #[serde(rename = "source")]
    _source: String,
}

/// Whom an address on a line belongs to, by the words in front of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Means {
    Recipient,
    Smtp,
    Weak,
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    means: Means,
    phrase: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    phrase: String,
    #[serde(rename = "source")]
    _source: String,
}

/// What became of the message, where it did not simply fail.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Became {
    Delayed,
    Delivered,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fate {
    action: Became,
    phrase: String,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    sign: Vec<Sign>,
    #[serde(default)]
    label: Vec<Label>,
    #[serde(default)]
    end: Vec<Row>,
    #[serde(default)]
    also: Vec<Row>,
    #[serde(default)]
    action: Vec<Fate>,
}

/// The compiled rules.
#[derive(Debug)]
pub(crate) struct Rules {
    signs: Vec<(Sign, Regex)>,
    labels: (Vec<Means>, RegexSet),
    /// Where the returned message begins.
    pub(crate) end: Regex,
    fates: (Vec<Became>, RegexSet),
    /// What says more than the refusal that a report quotes.
    pub(crate) also: Regex,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the rules are part of the program, and a test compiles them")]
    Rules::compile().expect("the built-in rules compile")
});

/// The compiled rules.
pub(crate) fn compiled() -> &'static Rules {
    &RULES
}

impl Rules {
    fn compile() -> Result<Self, InvalidRules> {
        let signs = read::<File>(include_str!("../rules/signs.toml"))?.sign;
        let compile = |sign: Sign| {
            let phrase = any("", [sign.phrase.as_str()])?;
            Ok((sign, phrase))
        };
        let signs = signs.into_iter().map(compile).collect::<Result<Vec<_>, InvalidRules>>()?;
        let labels = read::<File>(include_str!("../rules/labels.toml"))?.label;
        let ends = read::<File>(include_str!("../rules/ends.toml"))?.end;
        let fates = read::<File>(include_str!("../rules/actions.toml"))?.action;
        let phrases = |rows: &[Row]| rows.iter().map(|row| row.phrase.clone()).collect::<Vec<_>>();
        let also = read::<File>(include_str!("../rules/also.toml"))?.also;
        Ok(Self {
            signs,
            end: any(r"^[ \t>*#=_|+-]*", phrases(&ends))?,
            also: any("", phrases(&also))?,
            labels: (
                labels.iter().map(|label| label.means).collect(),
                set(labels.iter().map(|label| format!(r"(?:^|\W)(?:{})\W*$", label.phrase)))?,
            ),
            fates: (fates.iter().map(|fate| fate.action).collect(), set(fates.iter().map(|fate| fate.phrase.clone()))?),
        })
    }

    /// The signs that `text` shows, which stands at `place`, in small letters. One expression each, which ends at its first hit.
    pub(crate) fn signs(&self, place: Place, text: &str) -> impl Iterator<Item = &Sign> {
        let here = self.signs.iter().filter(move |(sign, _)| sign.place == place);
        here.filter(|(_, phrase)| phrase.is_match(text.as_bytes())).map(|(sign, _)| sign)
    }

    /// What the words in front of an address make of it.
    pub(crate) fn label(&self, before: &str) -> Option<Means> {
        let (means, set) = &self.labels;
        set.matches(before.to_lowercase().as_bytes()).into_iter().next().and_then(|at| means.get(at)).copied()
    }

    /// What the text of a report says became of the message.
    pub(crate) fn fate(&self, text: &str) -> Option<Became> {
        let (fates, set) = &self.fates;
        set.matches(text.as_bytes()).into_iter().next().and_then(|at| fates.get(at)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_compile_and_each_has_a_source() {
        if let Err(error) = Rules::compile() {
            panic!("{error}: {}", std::error::Error::source(&error).unwrap());
        }
        for file in [
            include_str!("../rules/signs.toml"),
            include_str!("../rules/labels.toml"),
            include_str!("../rules/ends.toml"),
            include_str!("../rules/actions.toml"),
            include_str!("../rules/also.toml"),
        ] {
            let File { sign, label, end, also, action } = toml::from_str(file).unwrap();
            let sources = sign.into_iter().map(|row| row._source);
            let sources = sources.chain(label.into_iter().map(|row| row._source));
            let sources = sources.chain(end.into_iter().chain(also).map(|row| row._source));
            let mut sources = sources.chain(action.into_iter().map(|row| row._source));
            assert!(sources.all(|source| source.len() > 8));
        }
    }
}
