use crate::error::Problem;
use crate::markup::Tag;

const HTML: [&str; 46] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "center",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// Whether there are words in an MJML element; everywhere else there are only elements.
pub(super) fn has_words(element: &str) -> bool {
    matches!(element, "mj-text" | "mj-button" | "mj-table" | "mj-raw" | "mj-social-element")
}

/// Whether an element's children may come or go without the layout of their neighbours changing. Between those of a
/// wrapper mrml writes one long comment for Outlook, which whatever stands there would end.
pub(super) fn is_room(element: &str) -> bool {
    matches!(element, "mj-body" | "mj-column" | "mj-hero")
}

/// Checks that an element is one that mails have, that it stands where it may, and that it has what it needs.
pub(super) fn check(tag: &Tag<'_>, parent: Option<&str>, in_words: bool) -> Result<(), Problem> {
    let element = || tag.name.to_owned();
    let refused = |hint| Err(Problem::Element { element: element(), hint });
    let missing = |attribute, hint| Err(Problem::Missing { element: element(), attribute, hint });
    // There, elements only name what their attributes are the defaults of.
    if parent == Some("mj-attributes") && home(tag.name).is_some() {
        return Ok(());
    }
    match tag.name {
        "mj-title" | "mj-preview" => return refused("; the subject and the preheader are fields of their own"),
        "mj-font" => return refused("; every reader's own fonts are used, nothing is loaded from elsewhere"),
        "mj-include" => return refused("; nothing is loaded from elsewhere"),
        _ => {}
    }
    match home(tag.name) {
        Some(home) if !home.contains(&parent.unwrap_or_default()) => {
            return Err(Problem::Nesting { element: element(), home });
        }
        None if !HTML.contains(&tag.name) => return refused(""),
        None if !in_words => return refused(" there; HTML stands in <mj-text>, <mj-table> or <mj-raw>"),
        _ => {}
    }
    match tag.name {
        "mj-social-element" if tag.attribute("name").is_some() => {
            refused(" with a name; that would load an icon from elsewhere, so give it src and href")
        }
        "mj-social-element" if tag.attribute("src").is_none() => missing("src", ", the address of an icon of your own"),
        "mj-image" | "img" if tag.attribute("alt").is_none() => {
            missing("alt", ", the words for who does not see the picture; alt=\"\" if it only decorates")
        }
        _ => Ok(()),
    }
}

/// What an MJML element stands in; an empty name is the top. Elements that load from elsewhere (`mj-font`,
/// `mj-include`) or need forms in a mail (accordion, carousel, navbar) have no home.
fn home(element: &str) -> Option<&'static [&'static str]> {
    Some(match element {
        "mjml" => &[""],
        "mj-head" | "mj-body" => &["mjml"],
        "mj-attributes" | "mj-style" | "mj-breakpoint" => &["mj-head"],
        "mj-all" | "mj-class" => &["mj-attributes"],
        "mj-wrapper" => &["mj-body"],
        "mj-section" | "mj-hero" => &["mj-body", "mj-wrapper"],
        "mj-group" => &["mj-section"],
        "mj-column" => &["mj-section", "mj-group"],
        "mj-raw" => &["mj-body", "mj-column", "mj-hero"],
        "mj-text" | "mj-image" | "mj-button" | "mj-divider" | "mj-spacer" | "mj-table" | "mj-social" => {
            &["mj-column", "mj-hero"]
        }
        "mj-social-element" => &["mj-social"],
        _ => return None,
    })
}
