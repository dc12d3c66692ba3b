//! What a server said, without what it merely echoed.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use crate::built_in::CACHE;
use crate::rules::{Name, Rules};

/// Longer texts are cut: no server needs more to say why.
const LIMIT: usize = 4_000;

/// One alternative for each [`Echo`]. Of bytes and without groups, so that an automaton runs it.
#[expect(clippy::expect_used, reason = "the pattern is part of the program, and a test runs it")]
static ECHOES: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r#"<[^<>\r\n@]{0,320}@[^<>\r\n]{0,320}>|"[^"@\r\n]{1,64}"@[a-z0-9.-]+|[^\s<>()\[\]"',;:=@]+@[^\s<>()\[\]"',;:]+"#,
        r"|\b(?:https?://|www\.)[^\s<>]+",
        // Cisco's gateways put the registry's words for the code in front of what the server said.
        r"|\b5\.\d\.\d - (?:unknown address error|other mail system problem|other network problem)\b",
        r"|\b[245]\d\d[- ]?#?[245]\.\d{1,3}\.\d{1,3}\b|\b[245]\.\d{1,3}\.\d{1,3}\b|\b[245]\d\d-",
        r"|\b[a-z0-9_](?:[a-z0-9_-]*\.)+[a-z][a-z0-9-]+\b",
    );
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(true).unicode(false).dfa_size_limit(CACHE).build().expect("the pattern of echoes compiles")
});

/// What a server merely echoes.
enum Echo {
    Address,
    Url,
    Code,
    Host,
}

impl Echo {
    /// Which it is shows in how it looks.
    fn of(text: &str) -> Self {
        if text.contains('@') {
            Self::Address
        } else if text.contains("://") || text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("www.")) {
            Self::Url
        } else if text.contains(' ') || text.bytes().all(|byte| byte.is_ascii_digit() || b"-#.".contains(&byte)) {
            Self::Code
        } else {
            Self::Host
        }
    }
}

/// The words of `text` without addresses, URLs, host names and codes, in single spaces.
pub(crate) fn clean(text: &str, rules: &Rules) -> String {
    let text = cut(text, LIMIT);
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for found in ECHOES.find_iter(text.as_bytes()) {
        // A letter beyond ASCII is several bytes, and the expression knows only bytes.
        let (Some(before), Some(echo)) = (text.get(from..found.start()), text.get(found.range())) else { continue };
        from = found.end();
        kept.push_str(before);
        match Echo::of(echo) {
            Echo::Address | Echo::Code => kept.push(' '),
            // `unknown.Please` is a sentence that lost its blank, not a host name.
            Echo::Host if is_prose(echo) => kept.push_str(&echo.replace('.', ". ")),
            Echo::Host | Echo::Url => {
                kept.push(' ');
                if let Some(name) = meaning(echo, rules) {
                    kept.push_str(&name.means);
                    kept.push(' ');
                }
            }
        }
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    let mut words = String::with_capacity(kept.len());
    // Control characters are no words either, and PostgreSQL keeps no NUL in a text.
    for word in kept.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    words
}

/// `text` cut to at most `limit` bytes between two characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}

fn meaning<'a>(echo: &str, rules: &'a Rules) -> Option<&'a Name> {
    rules.name_set.matches(echo.as_bytes()).into_iter().next().and_then(|index| rules.names.get(index))
}

fn is_prose(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    last.starts_with(|c: char| c.is_ascii_uppercase()) && last.contains(|c: char| c.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::compiled;

    #[test]
    fn echoes_are_taken_out() {
        for (said, words) in [
            ("<spam@example.com>: Recipient address rejected", ": Recipient address rejected"),
            ("user spam@blocked.example unknown", "user unknown"),
            ("see https://spam.example/blocked?ip=192.0.2.1 for more", "see for more"),
            ("host mx.blacklist.example said no", "host said no"),
            ("550-5.1.1 The account 550 5.1.1 is not here", "The account is not here"),
            ("User\0unknown", "User unknown"),
            ("User unknown.Please check", "User unknown. Please check"),
            ("blocked using zen.spamhaus.org", "blocked using blocklist"),
            ("5.1.0 - Unknown address error 550-'5.7.1 no'", "' no'"),
            ("5.1.1 \"spam bin\"@example.com unknown", "unknown"),
        ] {
            assert_eq!(clean(said, compiled()), words, "{said}");
        }
    }

    #[test]
    fn a_cut_falls_between_characters() {
        assert_eq!(cut("aüb", 2), "a");
        assert_eq!(cut("aüb", 9), "aüb");
    }
}
