//! What a body may consist of, and where in it a person's values may stand.

mod attribute;
mod content;
mod element;
mod mjml;
mod style;

use url::Url;

use crate::error::Problem;
use crate::markup::{Event, Fault, Node, Tag};
use crate::tokens::{Token, Tokens};
use attribute::Purpose;

/// Where a token stands; both ends of a condition have the same place.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Place {
    element: usize,
    attribute: Option<usize>,
}

/// Checks a body and writes it anew: comments are gone, conditions between elements have become comments, which every
/// parser leaves where they are. Pictures come from the same place as `base`.
pub(crate) fn check(nodes: &[Node<'_>], source: &str, base: &Url, tokens: &mut Tokens) -> Result<String, Fault> {
    let mut checker = Checker {
        nodes,
        base,
        tokens,
        open: Vec::new(),
        conditions: Vec::new(),
        implied: Vec::new(),
        out: String::new(),
    };
    for (index, node) in nodes.iter().enumerate() {
        let end = nodes.get(index + 1).map_or(source.len(), |next| next.at);
        checker.node(index, &source[node.at..end]).map_err(|problem| (node.at, problem))?;
    }
    order(nodes)?;
    Ok(checker.out)
}

/// One document, in it perhaps a head, and then a body.
fn order(nodes: &[Node<'_>]) -> Result<(), Fault> {
    let mut expected: &[&str] = &["mjml", "mj-head", "mj-body"];
    for node in nodes {
        let Event::Open(tag) = &node.event else { continue };
        if !matches!(tag.name, "mjml" | "mj-head" | "mj-body") {
            continue;
        }
        let found = expected.iter().position(|name| *name == tag.name).ok_or((node.at, Problem::NoDocument))?;
        expected = &expected[found + 1..];
    }
    if expected.is_empty() { Ok(()) } else { Err((0, Problem::NoDocument)) }
}

struct Checker<'a> {
    nodes: &'a [Node<'a>],
    base: &'a Url,
    tokens: &'a mut Tokens,
    /// The open elements, by the numbers of their nodes.
    open: Vec<usize>,
    conditions: Vec<Place>,
    /// The tables in which a parser has begun a `<tbody>` that is not written, by the numbers of their nodes.
    implied: Vec<usize>,
    out: String,
}

impl Checker<'_> {
    fn node(&mut self, index: usize, written: &str) -> Result<(), Problem> {
        let nodes = self.nodes;
        match &nodes[index].event {
            Event::Comment(words) => {
                if self.tokens.find(words).any(|(_, _, token)| !matches!(self.tokens.get(token), Token::Value { .. })) {
                    return Err(Problem::Crossing);
                }
                // The lines stay, so that what mrml says of a line is true of the source.
                self.out.extend(words.chars().filter(|c| *c == '\n'));
                return Ok(());
            }
            Event::Text(words) => return self.words(words),
            Event::Open(tag) => {
                element::check(tag, self.parent(), self.in_words())?;
                if !tag.name.starts_with("mj") {
                    content::check(tag.name, self.open.iter().map(|node| self.name(*node)))?;
                    self.table_part(tag.name)?;
                }
                for (number, (name, value)) in tag.attributes.iter().enumerate() {
                    self.attribute(index, number, tag, name, value)?;
                }
                self.tag(tag, written);
                if !tag.empty {
                    if self.is_bare_row(tag.name) {
                        self.out.push_str("<tr><td>");
                    }
                    self.open.push(index);
                }
            }
            Event::Close(name) => {
                self.open.pop();
                if self.is_bare_row(name) {
                    self.out.push_str("</td></tr>");
                }
                self.out.push_str(written);
            }
        }
        Ok(())
    }

    /// Follows where a parser begins and ends a `<tbody>` that is not written (HTML §13.2.6.4.9): not within a condition, or one of its
    /// tags would come without the other.
    fn table_part(&mut self, element: &str) -> Result<(), Problem> {
        let Some(table) = self.open.last().copied().filter(|node| matches!(self.name(*node), "table" | "mj-table"))
        else {
            return Ok(());
        };
        let (is_row, is_implied) = (element == "tr", self.implied.contains(&table));
        if is_row == is_implied {
            return Ok(());
        }
        if self.conditions.contains(&Place { element: table, attribute: None }) {
            return Err(Problem::Place("around the first rows or the parts of a table; put <tbody> around its rows"));
        }
        if is_row {
            self.implied.push(table);
        } else {
            self.implied.retain(|node| *node != table);
        }
        Ok(())
    }

    /// Whether there is more in a text than blanks and conditions.
    fn says_something(&self, words: &str) -> bool {
        let mut rest = 0;
        let mut is_blank = true;
        for (start, end, token) in self.tokens.find(words) {
            is_blank &= words[rest..start].trim().is_empty() && !matches!(self.tokens.get(token), Token::Value { .. });
            rest = end;
        }
        !(is_blank && words[rest..].trim().is_empty())
    }

    /// Whether mrml puts what an element holds between the rows of a table as it is.
    fn is_bare_row(&self, element: &str) -> bool {
        element == "mj-raw" && matches!(self.parent(), Some("mj-column" | "mj-hero"))
    }

    /// Writes a tag that holds in every parser: no value ends its own quotes, and none the tag.
    fn tag(&mut self, tag: &Tag<'_>, written: &str) {
        if !tag.attributes.iter().any(|(_, value)| value.contains(['"', '>'])) {
            return self.out.push_str(written);
        }
        self.out.push_str(&format!("<{}", tag.name));
        for (name, value) in &tag.attributes {
            self.out.push_str(&format!(" {name}=\"{}\"", value.replace('"', "&quot;").replace('>', "&gt;")));
        }
        let values: usize = tag.attributes.iter().map(|(_, value)| value.matches('\n').count()).sum();
        self.out.extend(written.matches('\n').skip(values));
        self.out.push_str(if tag.empty { " />" } else { ">" });
    }

    fn attribute(
        &mut self,
        index: usize,
        number: usize,
        tag: &Tag<'_>,
        name: &str,
        value: &str,
    ) -> Result<(), Problem> {
        let encoded = match attribute::purpose(tag.name, name)? {
            Purpose::Link => attribute::link(value, self.tokens)?,
            Purpose::Picture => attribute::picture(value, self.base, self.tokens)?,
            Purpose::Look if self.tokens.find(value).next().is_some() => {
                return Err(Problem::Place("in an attribute, save alt, title, and the end of an address"));
            }
            Purpose::Look => return attribute::look(tag.name, name, value),
            Purpose::Words => {
                let place = Place { element: index, attribute: Some(number) };
                let found: Vec<_> = self.tokens.find(value).map(|(_, _, token)| token).collect();
                return found.into_iter().try_for_each(|token| self.condition(token, place));
            }
        };
        encoded.into_iter().for_each(|token| self.tokens.mark_in_url(token));
        Ok(())
    }

    fn words(&mut self, words: &str) -> Result<(), Problem> {
        let in_words = self.in_words();
        if self.parent() == Some("mj-style") {
            if self.tokens.find(words).next().is_some() {
                return Err(Problem::Place("in a style sheet"));
            }
            style::sheet(words)?;
            // As in words below, but nobody reads an entity in a style sheet.
            for (at, character) in words.char_indices() {
                if character == '>' && !words.is_char_boundary(at.saturating_sub(2)) {
                    self.out.push_str("  ");
                }
                self.out.push(character);
            }
            return Ok(());
        }
        if let Some(parts) = self.parent().filter(|parent| content::holds_only_parts(parent))
            && self.says_something(words)
        {
            return Err(Problem::Words(parts.to_owned()));
        }
        let place = Place { element: self.open.last().copied().unwrap_or_default(), attribute: None };
        let found: Vec<_> = self.tokens.find(words).collect();
        let mut rest = 0;
        for (start, end, token) in found {
            self.literal(&words[rest..start], in_words)?;
            rest = end;
            if matches!(self.tokens.get(token), Token::Value { .. }) {
                if !in_words {
                    return Err(Problem::Place("outside of <mj-text> and the like"));
                }
                self.out.push_str(&words[start..end]);
                continue;
            }
            if !in_words && !self.parent().is_some_and(element::is_room) {
                return Err(Problem::Place("here; put conditions around whole sections or inside columns"));
            }
            self.condition(token, place)?;
            self.out.push_str("<!--");
            self.out.push_str(&words[start..end]);
            self.out.push_str("-->");
        }
        self.literal(&words[rest..], in_words)
    }

    fn literal(&mut self, words: &str, in_words: bool) -> Result<(), Problem> {
        if !in_words && !words.trim().is_empty() {
            return Err(Problem::Mjml(format!("{:?} stands outside of <mj-text> and the like", words.trim())));
        }
        // mrml drops blanks that begin with a line break, which would glue two words together.
        if in_words && words.starts_with('\n') && words.trim().is_empty() {
            self.out.push(' ');
        }
        // mrml's tokenizer panics at a `>` two bytes behind the middle of a letter, and refuses `]]>`.
        self.out.push_str(&words.replace('>', "&gt;"));
        Ok(())
    }

    /// Follows the conditions: whatever begins at a place ends there.
    fn condition(&mut self, token: usize, place: Place) -> Result<(), Problem> {
        match self.tokens.get(token) {
            Token::Value { .. } | Token::Link { .. } => return Ok(()),
            Token::If { .. } => self.conditions.push(place),
            Token::Else if self.conditions.last() == Some(&place) => {}
            Token::End if self.conditions.pop() == Some(place) => {}
            Token::Else | Token::End => return Err(Problem::Crossing),
        }
        Ok(())
    }

    fn name(&self, node: usize) -> &str {
        match &self.nodes[node].event {
            Event::Open(tag) => tag.name,
            _ => "",
        }
    }

    fn parent(&self) -> Option<&str> {
        self.open.last().map(|node| self.name(*node))
    }

    fn in_words(&self) -> bool {
        self.open.iter().any(|node| element::has_words(self.name(*node)))
    }
}
