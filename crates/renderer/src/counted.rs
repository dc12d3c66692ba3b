//! The links of a body that can be counted: what stands in their place, and where they lead.

use std::collections::HashMap;

use url::Url;

use crate::document::split_tag;
use crate::error::Problem;
use crate::markup::{Event, Node};
use crate::text::entities;
use crate::tokens::{Token, Tokens};

/// The pages of the web that a body leads to, numbered. Whatever says something about a person is none of them, and so are links of our
/// own, addresses of mailboxes, and telephone numbers.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Where each leads.
    pub(crate) targets: Vec<String>,
    /// Their numbers, by the addresses as they are written.
    numbers: HashMap<String, u16>,
    /// What stands in their place in the text, likewise.
    words: HashMap<String, String>,
}

impl Counted {
    /// The links of a body.
    pub(crate) fn of(nodes: &[Node<'_>], tokens: &mut Tokens) -> Result<Self, Problem> {
        let mut counted = Self::default();
        for node in nodes {
            let Event::Open(tag) = &node.event else { continue };
            let Some(address) = tag.attribute("href").map(entities::decode) else { continue };
            let is_of_the_web = address.starts_with("https://") || address.starts_with("http://");
            if !is_of_the_web || tokens.find(&address).next().is_some() || counted.numbers.contains_key(&address) {
                continue;
            }
            // As a header can hold it. What is no address to a browser stays as it is.
            let Ok(target) = address.parse::<Url>().map(String::from) else { continue };
            let known = counted.targets.iter().position(|known| *known == target);
            let Ok(number) = u16::try_from(known.unwrap_or(counted.targets.len())) else { continue };
            if known.is_none() {
                counted.targets.push(target);
            }
            let word = tokens.add(Token::Link { number, plain: address.clone() })?;
            counted.words.insert(address.clone(), word);
            counted.numbers.insert(address, number);
        }
        Ok(counted)
    }

    /// The address as the text part writes it.
    pub(crate) fn word<'a>(&'a self, address: &'a str) -> &'a str {
        self.words.get(address).map_or(address, String::as_str)
    }

    /// The HTML with a token for each of its links. Where the words are an address themselves the link stays: that it leads elsewhere
    /// first is what filters look for.
    pub(crate) fn place(&self, html: &str, tokens: &mut Tokens) -> Result<String, Problem> {
        let mut out = String::with_capacity(html.len());
        let mut rest = html;
        while let Some((before, behind)) = rest.split_once("<a ") {
            out.push_str(before);
            out.push_str("<a ");
            rest = behind;
            let Some((tag, inside)) = split_tag(behind) else { continue };
            let Some((start, value)) = href(tag) else { continue };
            let words = inside.split("</a>").next().unwrap_or_default();
            let Some(number) = self.numbers.get(&entities::decode(value)).filter(|_| !is_address(words)) else {
                continue;
            };
            out.push_str(&tag[..start]);
            out.push_str(&tokens.add(Token::Link { number: *number, plain: value.to_owned() })?);
            rest = &behind[start + value.len()..];
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// The value of `href` and where it begins.
fn href(tag: &str) -> Option<(usize, &str)> {
    let start = if tag.starts_with("href=\"") { 0 } else { tag.find(" href=\"")? + 1 } + "href=\"".len();
    Some((start, tag.get(start..)?.split('"').next()?))
}

/// Whether words look like an address themselves, elements aside.
fn is_address(words: &str) -> bool {
    let mut plain = String::new();
    let mut inside = false;
    for c in words.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => plain.push(c),
            _ => {}
        }
    }
    let plain = plain.trim().to_ascii_lowercase();
    !plain.contains(char::is_whitespace)
        && (plain.starts_with("https://") || plain.starts_with("http://") || plain.starts_with("www."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup;

    fn counted(mjml: &str, html: &str) -> (Vec<String>, String) {
        let mut tokens = Tokens::foreign_to(&[mjml, html]);
        let counted = Counted::of(&markup::read(mjml).unwrap(), &mut tokens).unwrap();
        let placed = counted.place(html, &mut tokens).unwrap();
        (counted.targets, placed)
    }

    #[test]
    fn pages_of_the_web_are_numbered_and_everything_else_is_left_alone() {
        let mjml = "<p><a href=\"https://a.example/?x=1&amp;y=2\">one</a><a href=\"mailto:a@example.com\">two</a>\
            <a href=\"tel:+44\">three</a><a href=\"https://b.example\">four</a><a href=\"https://b.example/\">five</a></p>";
        let (targets, placed) = counted(mjml, mjml);
        assert_eq!(targets, ["https://a.example/?x=1&y=2", "https://b.example/"]);
        for kept in ["mailto:a@example.com", "tel:+44"] {
            assert!(placed.contains(kept), "{placed}");
        }
        assert!(!placed.contains("https://"), "{placed}");
    }

    #[test]
    fn a_link_whose_words_are_an_address_leads_straight_there() {
        for words in ["https://a.example/", " <b>www.a.example</b> "] {
            let html = format!("<a href=\"https://a.example/\">{words}</a>");
            assert_eq!(counted(&html, &html).1, html);
        }
        let html = "<a href=\"https://a.example/\">see www.a.example</a>";
        assert_ne!(counted(html, html).1, html);
    }

    #[test]
    fn an_angle_bracket_in_an_attribute_ends_no_tag() {
        let html = "<a title=\"a > b\" href=\"https://a.example/\" class=\"c\">x</a> href=\"https://a.example/\"";
        let (_, placed) = counted("<a href=\"https://a.example/\">x</a>", html);
        assert!(placed.starts_with("<a title=\"a > b\" href=\"xq"), "{placed}");
        assert!(placed.ends_with("x</a> href=\"https://a.example/\""), "{placed}");
    }
}
