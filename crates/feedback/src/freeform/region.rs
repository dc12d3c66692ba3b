//! The text of a report, in front of the message that it returns.

use std::borrow::Cow;
use std::sync::LazyLock;

use mail_parser::decoders::html::html_to_text;
use regex::bytes::{Match, Regex, RegexBuilder};
use verdict::built_in::CACHE;

use crate::fields::cut;
use crate::parts::Mail;
use crate::rules::compiled;

/// A report says what it has to say on its first pages.
const LENGTH: usize = 16_000;

/// The prose of `mail` up to where the returned message begins, and what of that stands in the same text.
pub(super) fn report(mail: &Mail) -> Option<(String, String)> {
    let mut text = String::new();
    for part in &mail.parts {
        if part.is_returned() || text.len() > LENGTH {
            break;
        }
        if part.is_prose() {
            text.push_str(cut(&part.text, LENGTH));
            text.push('\n');
        }
    }
    if text.trim().is_empty() {
        let html = mail.parts.iter().find(|part| part.kind == "text/html")?;
        text = html_to_text(cut(&html.text, 4 * LENGTH));
    }
    if text.contains('\r') {
        text = text.replace("\r\n", "\n").replace('\r', "\n");
    }
    let mut text = unquoted(&text).into_owned();
    let returned = text.split_off(ends(&text));
    Some((text, returned))
}

/// Where the returned message begins: the first line that says so behind at least one address, because some reports open
/// with a word about the original message. A line that is drawn, or that a message's head follows, is no such word.
fn ends(text: &str) -> usize {
    let is_end = |found: &Match<'_>| {
        let head = text.as_bytes().get(found.end()..).unwrap_or_default();
        text.as_bytes()[..found.start()].contains(&b'@') || is_drawn(found.as_bytes()) || HEAD.is_match(head)
    };
    compiled().end.find_iter(text.as_bytes()).find(is_end).map_or(text.len(), |found| found.start())
}

/// Whether a line begins with a rule: `----- Original message -----`.
fn is_drawn(line: &[u8]) -> bool {
    line.iter().take_while(|byte| b" \t-=_*#+".contains(byte)).filter(|byte| !byte.is_ascii_whitespace()).count() >= 3
}

/// Fields of a message's head next to each other, at once or behind a few lines.
#[expect(clippy::expect_used, reason = "the pattern is part of the program, and a test runs it")]
static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    let field = r"(return-path|received|message-id|mime-version|content-type|date|from|to|subject|dkim-signature|x-[a-z-]+):[^\n]*\n([ \t][^\n]*\n)*";
    let pattern = format!(r"\A[^\n]*\n([^\n]{{0,80}}\n){{0,3}}?({field}){{3}}");
    RegexBuilder::new(&pattern)
        .case_insensitive(true)
        .unicode(false)
        .dfa_size_limit(CACHE)
        .build()
        .expect("it compiles")
});

/// A report that a person forwarded stands behind `>`.
fn unquoted(text: &str) -> Cow<'_, str> {
    let quoted = text.lines().filter(|line| line.starts_with('>')).count();
    if quoted < 5 {
        return Cow::Borrowed(text);
    }
    let lines = text.lines().map(|line| line.strip_prefix("> ").or(line.strip_prefix('>')).unwrap_or(line));
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::ends;

    fn report(text: &str) -> &str {
        &text[..ends(text)]
    }

    #[test]
    fn a_returned_message_is_none_of_the_report_although_no_address_stands_in_front_of_it() {
        let drawn =
            "It could not be delivered.\n\n----- Original message -----\n\n550 5.1.1 a@b.example: user unknown\n";
        assert_eq!(report(drawn), "It could not be delivered.\n\n");
        let head = "It could not be delivered.\nThe original message follows:\n\nFrom: a@b.example\nTo: c@d.example\n\
                    Subject: 550 user unknown\n\nText\nReceived: by x\n";
        assert_eq!(report(head), "It could not be delivered.\n");
    }

    #[test]
    fn a_word_about_the_original_message_ends_no_report() {
        let text = "The header of the original message is following, and this is why:\na@b.example: user unknown\n\
                    Received: by x\n";
        assert_eq!(report(text), text.strip_suffix("Received: by x\n").unwrap());
        assert_eq!(report("Original message: it has no address"), "Original message: it has no address");
    }
}
