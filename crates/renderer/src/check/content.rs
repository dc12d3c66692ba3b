//! What HTML may stand in what, so that every parser builds the tree that the author wrote.
//!
//! HTML parsers repair: a `<div>` ends an open `<p>`, an `<li>` ends whatever is open down to the last one, a word
//! between two rows moves in front of the table. A repaired tree has its ends elsewhere, and the next end tag then
//! closes something that is not the author's. So nothing is let in that has to be repaired (HTML §13.2.6, "in body" and
//! the table modes).

use crate::error::Problem;

/// Checks that an element of HTML may stand where it does; `open` has the names of what is around it, the innermost
/// last.
pub(super) fn check<'a>(element: &str, open: impl DoubleEndedIterator<Item = &'a str> + Clone) -> Result<(), Problem> {
    let parent = open.clone().next_back().unwrap_or_default();
    match home(element) {
        Some(home) if !home.contains(&parent) => {
            return Err(Problem::Nesting { element: element.to_owned(), home });
        }
        None if holds_only_parts(parent) => return Err(within(element, parent)),
        _ => {}
    }
    // A cell begins anew: what is open around its table does not end in it.
    let around = open.rev().take_while(|name| !matches!(*name, "td" | "th" | "caption"));
    match around.into_iter().find(|around| is_ended_by(around, element)) {
        Some(around) => Err(within(element, around)),
        None => Ok(()),
    }
}

/// Whether only elements stand in an element, and no words.
pub(super) fn holds_only_parts(element: &str) -> bool {
    matches!(element, "table" | "mj-table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup")
}

fn within(element: &str, around: &str) -> Problem {
    Problem::Within { element: element.to_owned(), around: around.to_owned() }
}

/// What the parts of tables and lists stand in.
fn home(element: &str) -> Option<&'static [&'static str]> {
    Some(match element {
        "caption" | "colgroup" | "thead" | "tbody" | "tfoot" => &["table", "mj-table"],
        "col" => &["colgroup"],
        "tr" => &["table", "mj-table", "thead", "tbody", "tfoot"],
        "td" | "th" => &["tr"],
        "li" => &["ul", "ol"],
        "dt" | "dd" => &["dl"],
        _ => return None,
    })
}

fn is_ended_by(open: &str, element: &str) -> bool {
    match open {
        "a" => element == "a",
        "p" => is_block(element),
        // mrml writes these as a link, or as a paragraph where they lead nowhere.
        "mj-button" | "mj-social-element" => element == "a" || is_block(element),
        _ => is_heading(open) && is_heading(element),
    }
}

fn is_heading(element: &str) -> bool {
    matches!(element, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_block(element: &str) -> bool {
    is_heading(element)
        || matches!(element, "blockquote" | "center" | "div" | "dl" | "hr" | "ol" | "p" | "pre" | "table" | "ul")
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_a_parser_would_repair_is_refused() {
        for path in [
            "p div",
            "p b table",
            "a b a",
            "h1 span h2",
            "div li",
            "ul div li",
            "table p",
            "tr div",
            "div td",
            "table td",
            "mj-table p",
            "mj-button div",
            "mj-button span a",
            "table col",
        ] {
            let mut open: Vec<_> = path.split(' ').collect();
            let element = open.pop().unwrap();
            assert!(check(element, open.into_iter()).is_err(), "{path}");
        }
        for path in ["p b i", "div div p", "ul li ul li", "table tr td", "mj-table tr td", "a table tr td a", "b div"] {
            let mut open: Vec<_> = path.split(' ').collect();
            let element = open.pop().unwrap();
            assert_eq!(check(element, open.into_iter()), Ok(()), "{path}");
        }
    }
}
