//! Why the message did not reach a recipient, in the words of the report.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};
use verdict::built_in::CACHE;

use super::whom::Who;
use crate::fields::cut;
use crate::rules::compiled;

/// No server needs more to say why.
const LENGTH: usize = 1_500;
/// Prose in several languages says it at length.
const PROSE: usize = 3_800;

#[expect(clippy::expect_used, reason = "the pattern is part of the program, and a test runs it")]
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    let code = r"(?i)(^|[\s:>'\x22(\[#])([45][0-9][0-9]([ :-]|$)|[45]\.[0-9]\.[0-9]{1,3}\b)|said: |reason: ";
    RegexBuilder::new(code).unicode(false).dfa_size_limit(CACHE).build().expect("the pattern of codes compiles")
});

/// A command that was refused: `(in reply to RCPT TO command)`, `after RCPT TO:<…>`, `>>> DATA`, `[RCPT_TO]`.
#[expect(clippy::expect_used, reason = "the pattern is part of the program, and a test runs it")]
static STAGE: LazyLock<Regex> = LazyLock::new(|| {
    let stage = r"(?i)(reply to|response to|after|did not like our|>>>|\[|from) ?\(?(the |sending )?(end of |initial )?(RCPT|DATA|TEXT command)[ _]?(TO|command)?|end of data|has rejected address";
    RegexBuilder::new(stage).unicode(false).dfa_size_limit(CACHE).build().expect("the pattern of commands compiles")
});

#[expect(clippy::expect_used, reason = "the pattern is part of the program, and a test runs it")]
static FINAL: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?i)(^|[\s:>'\x22(\[#])(5[0-9][0-9][ -]|5\.[0-9]\.[0-9]{1,3}\b)|permanent(ly)? .{0,10}(error|fail|fatal)|failed permanently|given up";
    RegexBuilder::new(pattern).unicode(false).dfa_size_limit(CACHE).build().expect("the pattern of the end compiles")
});

/// Whether a report says that nothing will be tried any more.
pub(super) fn is_final(text: &str) -> bool {
    FINAL.is_match(text.as_bytes())
}

/// The words about `who`, which end where the next recipient is named.
pub(super) fn read(text: &str, who: &Who, next: Option<usize>, alone: bool) -> String {
    if alone && (who.at == 0 || CODE.is_match(text.as_bytes())) {
        return of_all(text);
    }
    let start = text.get(..who.at).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
    let end = next.and_then(|next| text.get(..next)).and_then(|text| text.rfind('\n')).unwrap_or(text.len());
    let line = text.get(start..).and_then(|text| text.lines().next()).unwrap_or_default();
    // A transcript says it on the very line, and goes on with the next server.
    if who.is_in_transcript() && CODE.is_match(line.as_bytes()) {
        return with_stage(line, text.get(..start).unwrap_or_default());
    }
    let behind = text.get(who.at..end.max(who.at)).unwrap_or_default();
    // Prose goes on behind the address, or has said it before.
    let behind = behind.split("\n\n").next().unwrap_or_default();
    let words = |text: &str| text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 2).count();
    match words(behind) {
        0 | 1 if alone => of_all(text),
        0 | 1 => of_all(text.get(start..end.max(who.at)).unwrap_or_default()),
        _ if alone => with_stage(cut(behind.trim(), LENGTH), text),
        _ => of_all(text.get(start..end.max(who.at)).unwrap_or_default()),
    }
}

/// The lines from the first refusal on to the next blank line; all of them where none is quoted.
pub(super) fn of_all(text: &str) -> String {
    let mut words = String::new();
    let mut taking = false;
    for line in text.lines() {
        let whole = line.trim();
        let code = CODE.find(whole.as_bytes());
        // What stands far in front of a code is a sentence that leads to it.
        let line = code.filter(|code| code.start() > 40 && code.end() + 20 < whole.len());
        let line = line.and_then(|code| whole.get(code.start()..)).unwrap_or(whole);
        taking = code.is_some() || taking && !line.is_empty();
        if taking && words.len() < LENGTH {
            words.push_str(cut(line, LENGTH));
            words.push(' ');
        }
    }
    if words.is_empty() {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        return cut(&lines.collect::<Vec<_>>().join(" "), PROSE).to_owned();
    }
    with_stage(&with_more(cut(words.trim(), LENGTH), text), text)
}

/// `words` behind the sentence of `text` that says more than they do, if there is one.
pub(super) fn with_more<'a>(words: &'a str, text: &str) -> Cow<'a, str> {
    let more = compiled().also.find(text.as_bytes()).and_then(|more| text.get(more.range()));
    let more = more.map(|more| more.split_whitespace().collect::<Vec<_>>().join(" "));
    more.map_or(Cow::Borrowed(words), |more| Cow::Owned(format!("{more}. {words}")))
}

/// `words`, and the command that was refused where only the text around them tells it.
pub(super) fn with_stage(words: &str, text: &str) -> String {
    let told = STAGE.find_iter(text.as_bytes()).last().filter(|_| !STAGE.is_match(words.as_bytes()));
    let data = told.is_some_and(|found| {
        let found = found.as_bytes().to_ascii_uppercase();
        found.windows(4).any(|word| word == b"DATA" || word == b"TEXT")
    });
    match told {
        Some(_) if data => format!("{words} (in reply to end of DATA command)"),
        Some(_) => format!("{words} (in reply to RCPT TO command)"),
        None => words.to_owned(),
    }
}
