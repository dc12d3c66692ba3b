use super::mjml;
use crate::error::Problem;
use crate::tokens::{Token, Tokens};

const HTML: [&str; 29] = [
    "align",
    "alt",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "class",
    "color",
    "colspan",
    "dir",
    "face",
    "height",
    "href",
    "id",
    "lang",
    "name",
    "rel",
    "role",
    "rowspan",
    "scope",
    "size",
    "src",
    "start",
    "style",
    "target",
    "title",
    "type",
    "valign",
    "width",
];

/// Whether an element may have an attribute.
pub(super) fn check(element: &str, attribute: &str) -> Result<(), Problem> {
    let known = if element.starts_with("mj") {
        mjml::knows(element, attribute)
    } else {
        HTML.contains(&attribute) || attribute.starts_with("aria-")
    };
    if known {
        return Ok(());
    }
    Err(Problem::Attribute { element: element.to_owned(), attribute: attribute.to_owned(), hint: "" })
}

/// Whether the attribute's value is an address.
pub(super) fn is_address(attribute: &str) -> bool {
    matches!(attribute, "href" | "src") || attribute.ends_with("-url") || attribute.ends_with("-src")
}

/// Checks an address: it says where it leads, and people's values cannot change that. Gives the tokens that have to be
/// percent-encoded.
pub(super) fn address(value: &str, tokens: &Tokens) -> Result<Vec<usize>, Problem> {
    let mut encoded = Vec::new();
    let mut before = String::new();
    let mut rest = 0;
    for (start, end, token) in tokens.find(value) {
        before.push_str(&value[rest..start]);
        rest = end;
        let Token::Value { field, .. } = tokens.get(token) else {
            return Err(Problem::Place("as a condition in an address; put the whole link into the condition"));
        };
        if start == 0 && field.is_link() {
            before.push_str("https://ours/");
        } else if leads_somewhere(&before) {
            encoded.push(token);
        } else {
            return Err(Problem::Place("where it decides where a link leads; it may follow behind the host name"));
        }
    }
    before.push_str(&value[rest..]);
    let scheme = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| before.starts_with(scheme));
    if scheme { Ok(encoded) } else { Err(Problem::Link(value.to_owned())) }
}

/// Whether scheme and host are complete.
fn leads_somewhere(before: &str) -> bool {
    let host = before.strip_prefix("https://").or_else(|| before.strip_prefix("http://"));
    host.is_some_and(|host| host.find(['/', '?', '#']).is_some_and(|end| end > 0)) || before.starts_with("mailto:")
}
