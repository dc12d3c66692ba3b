//! The text part: a walk over the MJML that says in plain lines what the mail says in pictures and boxes.

pub(crate) mod entities;

use crate::counted::Counted;
use crate::markup::{Event, Node, Tag};
use crate::tokens::Tokens;

/// The words of a body, links written out. Tokens stay where they are.
pub(crate) fn write(nodes: &[Node<'_>], tokens: &Tokens, counted: &Counted) -> String {
    let mut writer = Writer {
        tokens,
        counted,
        out: String::new(),
        line: String::new(),
        mark: String::new(),
        links: Vec::new(),
        lists: Vec::new(),
        muted: 0,
    };
    for node in nodes {
        match &node.event {
            Event::Open(tag) => writer.open(tag),
            Event::Close(name) => writer.close(name),
            Event::Text(words) => writer.words(words),
            Event::Comment(_) => {}
        }
    }
    writer.flush();
    writer.out
}

#[derive(Debug)]
struct Writer<'a> {
    tokens: &'a Tokens,
    counted: &'a Counted,
    out: String,
    /// The line at hand, not yet written.
    line: String,
    /// What the line begins with: the mark of a list item.
    mark: String,
    /// Addresses of the open links and where their words begin in the line.
    links: Vec<(String, usize)>,
    /// The open lists: the next number, or none if they are not numbered.
    lists: Vec<Option<u32>>,
    /// How many elements are open from the outermost one that has nothing for readers of text.
    muted: u32,
}

impl Writer<'_> {
    fn open(&mut self, tag: &Tag<'_>) {
        if self.muted > 0 || is_for_eyes_only(tag) {
            self.muted += u32::from(!tag.empty);
            return;
        }
        match tag.name {
            "br" => {
                self.flush();
                if !self.out.is_empty() && self.trailing_breaks() < 2 {
                    self.out.push('\n');
                }
            }
            "hr" | "mj-divider" => {
                self.end_block(2);
                self.line.push_str("* * *");
                self.end_block(2);
            }
            "img" | "mj-image" => self.picture(tag),
            "a" | "mj-button" | "mj-social-element" => {
                if tag.name == "mj-button" {
                    self.end_block(2);
                }
                let address = entities::decode(tag.attribute("href").unwrap_or_default());
                self.links.push((address, self.line.len()));
                if tag.empty {
                    self.close(tag.name);
                }
            }
            "ul" => self.open_list(None),
            "ol" => self.open_list(Some(1)),
            "li" => {
                self.end_block(1);
                let indent = "  ".repeat(self.lists.len().saturating_sub(1));
                self.mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{indent}{}. ", *number - 1)
                    }
                    _ => format!("{indent}- "),
                };
            }
            "td" | "th" if !self.line.trim_end().is_empty() => {
                self.line.truncate(self.line.trim_end().len());
                self.line.push_str("  ");
            }
            name => self.end_block(gap(name)),
        }
    }

    fn close(&mut self, name: &str) {
        if self.muted > 0 {
            self.muted -= 1;
            return;
        }
        match name {
            "a" | "mj-button" | "mj-social-element" => {
                if let Some((address, start)) = self.links.pop() {
                    self.link(&address, start, name == "mj-button");
                }
                if name != "a" {
                    self.end_block(2);
                }
            }
            "ul" | "ol" => {
                self.lists.pop();
                self.end_block(if self.lists.is_empty() { 2 } else { 1 });
            }
            "li" => {
                self.end_block(1);
                self.mark.clear();
            }
            "td" | "th" => {}
            name => self.end_block(gap(name)),
        }
    }

    fn words(&mut self, words: &str) {
        if self.muted > 0 {
            return;
        }
        for (number, word) in entities::decode(words).split([' ', '\t', '\n', '\r']).enumerate() {
            if number > 0 && !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
            self.line.push_str(word);
        }
    }

    fn picture(&mut self, tag: &Tag<'_>) {
        let words = entities::decode(tag.attribute("alt").unwrap_or_default());
        let words = words.trim();
        if tag.name == "mj-image" {
            self.end_block(2);
        }
        if !words.is_empty() {
            let start = self.line.len();
            self.line.push_str(&format!("[{words}]"));
            if let Some(address) = tag.attribute("href") {
                self.link(&entities::decode(address), start, true);
            }
        }
        if tag.name == "mj-image" {
            self.end_block(2);
        }
    }

    /// Writes a link's address behind its words, unless the words are the address.
    fn link(&mut self, address: &str, start: usize, on_own_line: bool) {
        let shown = address.strip_prefix("mailto:").or_else(|| address.strip_prefix("tel:")).unwrap_or(address);
        let shown = if address.starts_with("mailto:") { shown.split('?').next().unwrap_or_default() } else { shown };
        let words = self.line.get(start.min(self.line.len())..).unwrap_or_default().trim();
        if shown.is_empty() || self.tokens.same(words, shown) || words.contains(&format!("({shown})")) {
            return;
        }
        let shown = self.counted.word(shown);
        if words.is_empty() {
            self.line.push_str(shown);
        } else if on_own_line {
            self.line.push(':');
            self.end_block(1);
            self.line.push_str(shown);
        } else {
            self.line.truncate(self.line.trim_end().len());
            self.line.push_str(&format!(" ({shown})"));
        }
    }

    fn open_list(&mut self, number: Option<u32>) {
        self.end_block(if self.lists.is_empty() { 2 } else { 1 });
        self.lists.push(number);
    }

    /// Writes the line at hand, if there is anything on it, and begins a new one.
    fn flush(&mut self) {
        let line = self.line.trim();
        if !line.is_empty() {
            self.out.push_str(&self.mark);
            self.out.push_str(line);
            self.mark.clear();
        }
        self.line.clear();
        for (_, start) in &mut self.links {
            *start = 0;
        }
    }

    /// Ends the line and leaves at least as many line breaks as asked for; for none, it ends nothing.
    fn end_block(&mut self, breaks: usize) {
        // A paragraph at the beginning of a list item begins on the item's line.
        let after_mark = !self.mark.is_empty() && self.line.trim().is_empty();
        if breaks == 0 || after_mark {
            return;
        }
        self.flush();
        while !self.out.is_empty() && self.trailing_breaks() < breaks {
            self.out.push('\n');
        }
    }

    fn trailing_breaks(&self) -> usize {
        self.out.bytes().rev().take_while(|byte| *byte == b'\n').count()
    }
}

/// Whether an element has nothing to say in plain text: heads, styles, and what the author marks by `e-html-only`.
fn is_for_eyes_only(tag: &Tag<'_>) -> bool {
    let class = tag.attribute("css-class").or(tag.attribute("class")).unwrap_or_default();
    matches!(tag.name, "mj-head" | "mj-style") || class.split_whitespace().any(|class| class == "e-html-only")
}

/// How many line breaks stand around an element.
fn gap(name: &str) -> usize {
    match name {
        "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "pre" | "table" | "mj-table" | "mj-text"
        | "mj-raw" | "mj-section" | "mj-column" | "mj-wrapper" | "mj-hero" | "mj-spacer" | "dl" => 2,
        "div" | "center" | "tr" | "dt" | "dd" | "caption" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::counted::Counted;
    use crate::markup;
    use crate::tokens::Tokens;

    #[track_caller]
    fn check(mjml: &str, expected: &str) {
        let nodes = markup::read(mjml).unwrap();
        let text = write(&nodes, &Tokens::foreign_to(&[]), &Counted::default());
        assert_eq!(text.trim(), expected, "{mjml}");
    }

    #[test]
    fn paragraphs_stand_apart_and_words_do_not() {
        check(
            "<mj-text><h1>Good\n   news</h1><p>One <b>two</b>, three.</p>\n<p>Four<br/>five</p></mj-text>",
            "Good news\n\nOne two, three.\n\nFour\nfive",
        );
        check("<mj-column><mj-text>a</mj-text><mj-text>b</mj-text></mj-column>", "a\n\nb");
        check("<p>a</p><br/><br/><p>b &amp; c</p>", "a\n\nb & c");
    }

    #[test]
    fn links_are_written_out_once() {
        check(
            "<p>See <a href=\"https://a.example/?x=1&amp;y=2\">our\n page</a>.</p>",
            "See our page (https://a.example/?x=1&y=2).",
        );
        check("<a href=\"https://a.example/\">https://a.example/</a>", "https://a.example/");
        check("<a href=\"mailto:ada@example.com?subject=Hi\">Write to us</a>", "Write to us (ada@example.com)");
        check("<a href=\"mailto:ada@example.com\">ada@example.com</a>", "ada@example.com");
        check(
            "<a href=\"https://a.example/\"><img src=\"https://a.example/x.png\" alt=\"A map\"/></a>",
            "[A map] (https://a.example/)",
        );
        check(
            "<mj-button href=\"https://a.example/\">Buy</mj-button><mj-text>x</mj-text>",
            "Buy:\nhttps://a.example/\n\nx",
        );
    }

    #[test]
    fn lists_and_tables_keep_their_order() {
        check("<ul><li>a</li><li><p>b</p></li></ul><p>c</p>", "- a\n- b\n\nc");
        check("<ol><li>a<ul><li>x</li></ul></li><li>b</li></ol>", "1. a\n  - x\n2. b");
        check(
            "<table><tr><td>18:00</td> <td>Doors</td></tr><tr><td>19:00</td><td>Talk</td></tr></table>",
            "18:00  Doors\n19:00  Talk",
        );
    }

    #[test]
    fn what_is_for_eyes_only_is_left_out() {
        check(
            "<mjml><mj-head><mj-style>p > a { color: red }</mj-style></mj-head><mj-body><mj-text>a</mj-text>\
             </mj-body></mjml>",
            "a",
        );
        check(
            "<mj-text css-class=\"x e-html-only\"><p>b</p></mj-text>\
             <mj-image src=\"https://a.example/x.png\" alt=\"\"/><p>c</p>",
            "c",
        );
        check("<p>a</p><mj-divider/><p>b</p>", "a\n\n* * *\n\nb");
    }
}
