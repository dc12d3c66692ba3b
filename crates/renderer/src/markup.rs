//! A reader for MJML and the HTML in it, strict enough that everybody after it reads the same.
//!
//! Every attribute is quoted, every element is closed (void elements of HTML aside), nothing is nested deeper than
//! [`DEPTH`]. mrml and the HTML parser recurse and forgive; what passes here gives them nothing to recurse or disagree
//! on.

use crate::error::Problem;

/// How deep elements may be nested.
const DEPTH: usize = 48;

/// One thing in the document and the byte where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node<'a> {
    pub(crate) at: usize,
    pub(crate) event: Event<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    Open(Tag<'a>),
    Close(&'a str),
    Text(&'a str),
    Comment(&'a str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) attributes: Vec<(&'a str, &'a str)>,
    /// Nothing comes inside it: `<x/>` or a void element.
    pub(crate) empty: bool,
}

impl<'a> Tag<'a> {
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// What is wrong, and at which byte.
pub(crate) type Fault = (usize, Problem);

/// Reads a whole document.
pub(crate) fn read(source: &str) -> Result<Vec<Node<'_>>, Fault> {
    let mut reader = Reader { source, at: 0, open: Vec::new(), nodes: Vec::new() };
    while reader.at < source.len() {
        reader.step()?;
    }
    match reader.open.pop() {
        Some((name, at)) => Err((at, Problem::Unclosed(name.to_owned()))),
        None => Ok(reader.nodes),
    }
}

struct Reader<'a> {
    source: &'a str,
    at: usize,
    open: Vec<(&'a str, usize)>,
    nodes: Vec<Node<'a>>,
}

impl<'a> Reader<'a> {
    fn step(&mut self) -> Result<(), Fault> {
        let (at, rest) = (self.at, &self.source[self.at..]);
        if self.open.last().is_some_and(|(name, _)| *name == "mj-style") && !rest.starts_with("</") {
            // Style sheets are no markup: `a > b` is text.
            let end = rest.find("</").unwrap_or(rest.len());
            self.push(at, Event::Text(&rest[..end]), end);
            return Ok(());
        }
        if let Some(comment) = rest.strip_prefix("<!--") {
            let end = comment.find("-->").ok_or((at, Problem::Unclosed("!--".to_owned())))?;
            self.push(at, Event::Comment(&comment[..end]), end + "<!---->".len());
            return Ok(());
        }
        if let Some(close) = rest.strip_prefix("</") {
            return self.close(at, close);
        }
        if let Some(tag) = rest.strip_prefix('<') {
            return self.open(at, tag);
        }
        let end = rest.find('<').unwrap_or(rest.len());
        self.push(at, Event::Text(&rest[..end]), end);
        Ok(())
    }

    fn push(&mut self, at: usize, event: Event<'a>, length: usize) {
        self.nodes.push(Node { at, event });
        self.at = at + length;
    }

    fn close(&mut self, at: usize, rest: &'a str) -> Result<(), Fault> {
        let end = rest.find('>').ok_or((at, Problem::Markup))?;
        let name = rest[..end].trim_end();
        match self.open.pop() {
            Some((open, _)) if open == name => {
                self.push(at, Event::Close(name), end + "</>".len());
                Ok(())
            }
            Some((open, _)) => Err((at, Problem::Mismatch { open: Some(open.to_owned()), close: name.to_owned() })),
            None => Err((at, Problem::Mismatch { open: None, close: name.to_owned() })),
        }
    }

    fn open(&mut self, at: usize, rest: &'a str) -> Result<(), Fault> {
        let name = word(rest);
        if name.is_empty() {
            return Err((at, Problem::Markup));
        }
        let mut tag = Tag { name, attributes: Vec::new(), empty: is_void(name) };
        let mut left = &rest[name.len()..];
        loop {
            let before = left;
            left = left.trim_start();
            if let Some(after) = left.strip_prefix("/>") {
                tag.empty = true;
                left = after;
                break;
            }
            if let Some(after) = left.strip_prefix('>') {
                left = after;
                break;
            }
            if before.len() == left.len() {
                // Neither an end nor a space before the next attribute.
                return Err((at, Problem::Markup));
            }
            let (attribute, value, after) = attribute(left).ok_or((at, Problem::Markup))?;
            if tag.attribute(attribute).is_some() {
                return Err((at, Problem::Twice { attribute: attribute.to_owned(), element: name.to_owned() }));
            }
            tag.attributes.push((attribute, value));
            left = after;
        }
        if !tag.empty {
            self.open.push((name, at));
            if self.open.len() > DEPTH {
                return Err((at, Problem::TooDeep { limit: DEPTH }));
            }
        }
        self.push(at, Event::Open(tag), 1 + rest.len() - left.len());
        Ok(())
    }
}

/// `name="value"` at the beginning of the text, and what follows.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let name = word(text);
    let value = text.get(name.len()..)?.strip_prefix('=').filter(|_| !name.is_empty())?;
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, after) = value[1..].split_once(quote)?;
    (!value.contains('<')).then_some((name, value, after))
}

/// The name of an element or attribute at the beginning of the text; names are lower-case.
fn word(text: &str) -> &str {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_lowercase()) { &text[..end] } else { "" }
}

/// Elements that HTML never closes.
fn is_void(name: &str) -> bool {
    matches!(name, "br" | "hr" | "img" | "col" | "wbr")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_is_taken_apart() {
        let nodes = read("<mj-text a=\"1\" b='2'>x<br/>y<!-- z --></mj-text>").unwrap();
        let events: Vec<_> = nodes.into_iter().map(|node| node.event).collect();
        assert_eq!(
            events,
            [
                Event::Open(Tag { name: "mj-text", attributes: vec![("a", "1"), ("b", "2")], empty: false }),
                Event::Text("x"),
                Event::Open(Tag { name: "br", attributes: vec![], empty: true }),
                Event::Text("y"),
                Event::Comment(" z "),
                Event::Close("mj-text"),
            ]
        );
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for source in [
            "<p",
            "<p>",
            "</p>",
            "<p></b>",
            "<p a></p>",
            "<p a=1></p>",
            "<p a=\"1></p>",
            "<p a=\"<\"></p>",
            "<!doctype html>",
            "<?xml?>",
            "a < b",
            "<P></P>",
            "<p a=\"1\"b=\"2\"></p>",
            "<p a=\"1\" a=\"2\"></p>",
            "<!-- ",
            "<p/a></p>",
        ] {
            assert!(read(source).is_err(), "{source}");
        }
        assert!(read(&"<div>".repeat(DEPTH + 1)).is_err());
    }

    proptest! {
        #[test]
        fn reading_never_panics(source in "[<>/a\"'= !ä-]{0,40}") {
            let _ = read(&source);
        }
    }
}
