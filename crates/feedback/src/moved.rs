//! Automatic answers that say more than "away": whoever was written to has left, or has another address.

use std::sync::LazyLock;

use mail_parser::decoders::html::html_to_text;
use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;
use verdict::built_in::{CACHE, InvalidRules};

use crate::fields::cut;
use crate::parts::Mail;

/// What there is to say stands at the top; behind it, answers quote what they answer.
const LENGTH: usize = 4_000;

/// How much is kept of the sentence.
const KEPT: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    moved: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    phrase: String,
    #[serde(rename = "source")]
    _source: String,
}

static RULES: LazyLock<RegexSet> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the rules are part of the program, and a test compiles them")]
    rules().expect("the built-in rules compile")
});

fn rules() -> Result<RegexSet, InvalidRules> {
    let File { moved } = toml::from_str(include_str!("../rules/moved.toml"))?;
    let phrases = moved.into_iter().map(|row| row.phrase);
    Ok(RegexSetBuilder::new(phrases).dfa_size_limit(CACHE).build()?)
}

/// The sentence of an automatic answer by which somebody is not there any more; nothing where they are only away.
pub(crate) fn read(mail: &Mail) -> Option<String> {
    let subject = mail.headers.get("subject").unwrap_or_default();
    std::iter::once(subject.to_owned()).chain(sentences(&own_words(mail))).find(|text| RULES.is_match(text))
}

/// What the answer says itself, in front of what it quotes.
fn own_words(mail: &Mail) -> String {
    let prose = mail.parts.iter().find(|part| part.is_prose()).map(|part| cut(&part.text, LENGTH).to_owned());
    let html = || mail.parts.iter().find(|part| part.kind == "text/html");
    let text = prose.filter(|text| !text.trim().is_empty());
    let text = text.or_else(|| html().map(|html| html_to_text(cut(&html.text, 4 * LENGTH)))).unwrap_or_default();
    let own = text.lines().map(str::trim).take_while(|line| !is_quoted(line));
    own.collect::<Vec<_>>().join("\n")
}

/// Where the mail that is answered begins.
fn is_quoted(line: &str) -> bool {
    line.starts_with('>') || (line.starts_with("---") && line.len() > 8) || line.starts_with("From: ")
}

/// Lines are wrapped anywhere, so a sentence ends where an empty line or a full stop says so.
fn sentences(text: &str) -> Vec<String> {
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs
        .flat_map(|text| text.split_inclusive(". ").map(|text| cut(text.trim(), KEPT).to_owned()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts;

    fn says(text: &str) -> bool {
        let mail = format!("Subject: Automatic reply\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n");
        read(&parts::read(mail.as_bytes()).unwrap()).is_some()
    }

    #[test]
    fn every_rule_compiles_and_has_a_source() {
        rules().unwrap();
        let File { moved } = toml::from_str(include_str!("../rules/moved.toml")).unwrap();
        assert!(moved.iter().all(|row| row._source.len() > 8));
    }

    #[test]
    fn who_has_left_or_moved_is_told_from_who_is_away() {
        for text in [
            "Thank you. Ada no longer works here.",
            "Ada Example is no longer with the company. Please write to sales@example.org.",
            "I am no longer employed at Example Ltd",
            "Hello,\r\n\r\nAda has left\r\nthe company at the end of May.",
            "My email address has changed to ada@example.net.",
            "This mailbox is no longer monitored.",
            "Guten Tag, Frau Beispiel ist nicht mehr für uns tätig.",
            "Frau Beispiel hat das Unternehmen verlassen.",
            "Meine E-Mail-Adresse hat sich geändert.",
            "Bonjour, Ada ne travaille plus chez nous.",
            "Ada ya no trabaja con nosotros.",
            "Ada non lavora più per noi.",
        ] {
            assert!(says(text), "{text}");
        }
        for text in [
            "I am away until Monday.",
            "I no longer work on Fridays.",
            "I am out of the office and will answer when I am back.",
            "Ich bin bis Montag nicht im Büro.",
            "Je suis absent jusqu'à lundi.",
            "We are closed for the holidays.",
            "I am away.\r\n\r\n> Ada no longer works here.",
        ] {
            assert!(!says(text), "{text}");
        }
    }
}
