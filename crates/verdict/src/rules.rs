//! The rules as data, and what they are compiled to.

use std::sync::LazyLock;
use std::time::Duration;

use domain::EnhancedStatus;
use regex::bytes::RegexSet;
use serde::Deserialize;

use crate::Class;
use crate::built_in::{self, InvalidRules, set};

/// One rule, as its file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, which reports and logs carry.
    pub id: String,
    /// What it makes of a refusal.
    pub class: Class,
    /// The regular expression over bytes that the cleaned words in small letters must match; phrase rules only.
    pub phrase: Option<String>,
    /// The enhanced status (`5.1.1`, `x.2.2`, `5.7.x`) or reply code (`550`, `5xx`); code rules only.
    pub code: Option<String>,
    /// Whether it holds for final (`permanent`) or temporary (`transient`) refusals only.
    pub only: Option<Severity>,
    /// The mailbox providers whose answers it reads; empty: all.
    #[serde(default)]
    pub providers: Vec<String>,
    /// For how long the provider is left in peace, where that is known; block rules only.
    #[serde(default, deserialize_with = "duration")]
    pub pause: Option<Duration>,
    /// Whether the provider asks us to go more slowly.
    #[serde(default)]
    pub slow: bool,
    /// Whether its words need no second witness in a report: a server speaks so of its own directory only.
    #[serde(default)]
    pub sure: bool,
    /// Whether the message is tried again although the code is final: what it says is over by itself.
    #[serde(default)]
    pub again: bool,
    /// Whether it speaks of the relay that we send through, and not of whoever keeps the mailbox.
    #[serde(default)]
    pub relay: bool,
    /// Whether it speaks of the sender that the mail names, and not of the message, its recipient or us as a whole.
    #[serde(default)]
    pub sender: bool,
    /// Where it was learnt.
    pub source: String,
}

/// How final a refusal is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 4yz or 4.x.x: the server may take it later.
    Transient,
    /// 5yz or 5.x.x: it never will.
    Permanent,
}

/// A name within an echoed URL or host name, and the words that it stands for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Name {
    /// What the URL or host name must match.
    pub(crate) name: String,
    /// What it leaves behind.
    pub(crate) means: String,
    /// Where it was learnt.
    #[serde(rename = "source")]
    _source: String,
}

/// Phrase rules in order, compiled to one set for each file: small automata are built faster as texts ask for them, and what an
/// early file decides asks no later one.
#[derive(Debug)]
pub(crate) struct Phrases {
    files: Vec<(Vec<Rule>, RegexSet)>,
}

/// All rules in the order in which they are asked.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) clear: Phrases,
    pub(crate) codes: Vec<Rule>,
    pub(crate) vague: Phrases,
    pub(crate) fallback: Vec<Rule>,
    pub(crate) names: Vec<Name>,
    pub(crate) name_set: RegexSet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<Rule>,
    #[serde(default)]
    name: Vec<Name>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the rules are part of the program, and a test compiles them")]
    Rules::compile().expect("the built-in rules compile")
});

/// The compiled rules.
pub(crate) fn compiled() -> &'static Rules {
    &RULES
}

/// Whether the rule of this name speaks of the relay that we send through, or of the sender that it takes mail of: neither says
/// anything of a mailbox provider.
pub fn is_of_relay(id: &str) -> bool {
    rules().any(|rule| (rule.relay || rule.sender) && rule.id == id)
}

/// Every rule, in the order in which they are asked.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    let Rules { clear, codes, vague, fallback, .. } = compiled();
    clear.rules().chain(codes).chain(vague.rules()).chain(fallback)
}

impl Rules {
    fn compile() -> Result<Self, InvalidRules> {
        let clear = [
            include_str!("../rules/exact.toml"),
            include_str!("../rules/quota.toml"),
            include_str!("../rules/reputation.toml"),
            include_str!("../rules/content.toml"),
            include_str!("../rules/mailbox.toml"),
            include_str!("../rules/domain.toml"),
            include_str!("../rules/likely.toml"),
            include_str!("../rules/full.toml"),
        ];
        let names = built_in::read::<File>(include_str!("../rules/names.toml"))?.name;
        Ok(Self {
            clear: Phrases::compile(&clear)?,
            codes: read(include_str!("../rules/codes.toml"))?,
            vague: Phrases::compile(&[include_str!("../rules/policy.toml")])?,
            fallback: read(include_str!("../rules/fallback.toml"))?,
            name_set: set(names.iter().map(|name| name.name.as_str()))?,
            names,
        })
    }
}

impl Phrases {
    fn compile(files: &[&str]) -> Result<Self, InvalidRules> {
        let compile = |file: &&str| {
            let rules = read(file)?;
            let set = set(rules.iter().map(|rule| rule.phrase.as_deref().unwrap_or("$^")))?;
            Ok((rules, set))
        };
        Ok(Self { files: files.iter().map(compile).collect::<Result<_, InvalidRules>>()? })
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.files.iter().flat_map(|(rules, _)| rules)
    }

    /// The rules whose phrase is in `words`, first one first.
    pub(crate) fn matching<'a>(&'a self, words: &str) -> impl Iterator<Item = &'a Rule> + use<'a> {
        let words = words.to_lowercase();
        self.files.iter().flat_map(move |(rules, set)| {
            set.matches(words.as_bytes()).into_iter().filter_map(move |index| rules.get(index))
        })
    }
}

impl Rule {
    /// Whether the rule speaks of a refusal of this severity by this provider.
    pub(crate) fn applies(&self, severity: Severity, provider: Option<&str>) -> bool {
        self.only.is_none_or(|only| only == severity)
            && (self.providers.is_empty() || provider.is_some_and(|p| self.providers.iter().any(|known| known == p)))
            // A recipient is not gone because a server is busy.
            && !(self.class.is_gone() && self.only.is_none() && severity == Severity::Transient)
    }

    /// Whether the rule's code is this status, an `x` standing for any number.
    pub(crate) fn has_status(&self, status: EnhancedStatus) -> bool {
        let Some(code) = &self.code else { return false };
        let mut parts = code.split('.');
        let mut same = |number: u16| {
            parts.next().is_some_and(|part| part == "x" || part.parse::<u16>().is_ok_and(|part| part == number))
        };
        same(status.class.into()) && same(status.subject) && same(status.detail)
    }

    /// Whether the rule's code is this reply code, an `x` standing for any digit.
    pub(crate) fn has_reply(&self, reply: u16) -> bool {
        let Some(code) = &self.code else { return false };
        let reply = reply.to_string();
        code.len() == reply.len() && code.bytes().zip(reply.bytes()).all(|(rule, digit)| rule == b'x' || rule == digit)
    }
}

fn read(file: &str) -> Result<Vec<Rule>, InvalidRules> {
    Ok(built_in::read::<File>(file)?.rule)
}

fn duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_built_in_rules_compile() {
        if let Err(error) = Rules::compile() {
            panic!("{error}: {}", std::error::Error::source(&error).unwrap());
        }
    }

    #[test]
    fn every_rule_has_a_name_of_its_own_a_source_and_one_condition() {
        let mut seen = BTreeSet::new();
        for rule in rules() {
            assert!(seen.insert(&rule.id), "{} twice", rule.id);
            assert!(rule.source.len() > 5, "{} has no source", rule.id);
            assert!(rule.phrase.is_some() ^ rule.code.is_some(), "{} needs either a phrase or a code", rule.id);
            assert!(rule.pause.is_none() || rule.class == Class::Block, "{} pauses without a block", rule.id);
            assert!(!rule.again || rule.class == Class::Block, "{} is over by itself and no block", rule.id);
            let spares = rule.pause.is_some_and(|pause| pause.is_zero()) && !rule.slow;
            assert!(!rule.relay || spares, "{} has a provider pay for our relay", rule.id);
        }
        assert!(seen.len() > 100);
    }
}
