//! `Name: value` lines, as reports (RFC 3464 §2.1, RFC 5965 §3) and returned headers have them.

use std::borrow::Cow;

/// More lines than this are no report that a server wrote.
const LINES: usize = 5_000;
/// A value longer than this is cut.
const VALUE: usize = 4_000;

/// A field with its value unfolded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    name: &'a str,
    pub(crate) value: Cow<'a, str>,
}

impl Field<'_> {
    /// Field names are case-insensitive, RFC 5322 §1.2.2.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The fields of `text` in groups that blank lines part. Lines that are no field end nothing and say nothing.
pub(crate) fn groups(text: &str) -> Vec<Vec<Field<'_>>> {
    let mut groups = vec![Vec::new()];
    for line in lines(text).take(LINES) {
        let fields = groups.last_mut();
        if line.trim().is_empty() {
            if fields.is_some_and(|fields| !fields.is_empty()) {
                groups.push(Vec::new());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some(field) = fields.and_then(|fields| fields.last_mut()) {
                unfold(field, line);
            }
        } else if let (Some((name, value)), Some(fields)) = (line.split_once(':'), fields)
            && is_name(name.trim_end())
        {
            fields.push(Field { name: name.trim_end(), value: Cow::Borrowed(cut(value.trim(), VALUE)) });
        }
    }
    groups.retain(|fields| !fields.is_empty());
    groups
}

/// The first value of `name` in `fields` that is not empty.
pub(crate) fn value<'a>(fields: &'a [Field<'_>], name: &str) -> Option<&'a str> {
    fields.iter().find(|field| field.is(name) && !field.value.is_empty()).map(|field| field.value.as_ref())
}

/// `text` cut to at most `limit` bytes between two characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    &text[..end]
}

/// The lines of `text`. Bare CR and bare LF end one too: gateways have rewritten reports in every way.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

fn unfold(field: &mut Field<'_>, line: &str) {
    let room = VALUE.saturating_sub(field.value.len());
    let line = cut(line.trim(), room);
    if !line.is_empty() {
        let value = field.value.to_mut();
        if !value.is_empty() {
            value.push(' ');
        }
        value.push_str(line);
    }
}

/// RFC 5322 §2.2: printable US-ASCII save the colon. Blanks are none, so that a sentence with a colon is no field.
fn is_name(name: &str) -> bool {
    (1..=60).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Vec<(String, String)>> {
        let pair = |field: Field<'_>| (field.name.to_lowercase(), field.value.into_owned());
        groups(text).into_iter().map(|fields| fields.into_iter().map(pair).collect()).collect()
    }

    #[test]
    fn line_ends_of_any_kind_give_the_same_fields() {
        let crlf = "Reporting-MTA: dns; a\r\n\r\nAction: failed\r\nDiagnostic-Code: smtp;\r\n 550 no\r\n\r\n";
        let fields = read(crlf);
        assert_eq!(fields.len(), 2);
        assert_eq!(fields[1][1], ("diagnostic-code".to_owned(), "smtp; 550 no".to_owned()));
        for other in [crlf.replace("\r\n", "\n"), crlf.replace("\r\n", "\r")] {
            assert_eq!(read(&other), fields);
        }
    }

    #[test]
    fn a_sentence_is_no_field() {
        assert!(read("This is what happened: nothing\n\nSorry\n").is_empty());
    }
}
