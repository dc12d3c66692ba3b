//! The text of a report, in front of the message that it returns.

use std::borrow::Cow;

use mail_parser::decoders::html::html_to_text;

use crate::fields::cut;
use crate::parts::Mail;
use crate::rules::compiled;

/// A report says what it has to say on its first pages.
const LENGTH: usize = 16_000;

/// The prose of `mail` up to where the returned message begins.
pub(super) fn report(mail: &Mail) -> Option<String> {
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
    let text = unquoted(&text).into_owned();
    let end = ends(&text);
    Some(text.get(..end).unwrap_or_default().to_owned())
}

/// Where the returned message begins: the first line that says so behind at least one address, because some reports open
/// with a word about the original message.
fn ends(text: &str) -> usize {
    let mut last = text.len();
    for found in compiled().end.find_iter(text.as_bytes()) {
        last = found.start();
        if text.as_bytes()[..last].contains(&b'@') {
            return last;
        }
    }
    if text.as_bytes()[..last].contains(&b'@') { last } else { text.len() }
}

/// A report that a person forwarded stands behind `>`.
fn unquoted(text: &str) -> Cow<'_, str> {
    let quoted = text.lines().filter(|line| line.starts_with('>')).count();
    if quoted < 5 {
        return Cow::Borrowed(text);
    }
    let lines = text.lines().map(|line| line.strip_prefix("> ").or(line.strip_prefix('>')).unwrap_or(line));
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}
