use url::Url;

use super::{mjml, style};
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

/// What an attribute's value is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// An address that a reader may follow.
    Link,
    /// An address that a mail program fetches by itself.
    Picture,
    /// Words for people.
    Words,
    /// Anything else: what the mail looks like.
    Look,
}

/// What the value of an attribute is for, or why the element cannot have it.
pub(super) fn purpose(element: &str, attribute: &str) -> Result<Purpose, Problem> {
    let known = if element.starts_with("mj") {
        mjml::knows(element, attribute)
    } else {
        HTML.contains(&attribute) || attribute.starts_with("aria-")
    };
    if !known {
        return Err(Problem::Attribute { element: element.to_owned(), attribute: attribute.to_owned(), hint: "" });
    }
    Ok(match attribute {
        "href" => Purpose::Link,
        "src" => Purpose::Picture,
        _ if attribute.ends_with("-url") || attribute.ends_with("-src") => Purpose::Picture,
        "alt" | "title" | "aria-label" => Purpose::Words,
        _ => Purpose::Look,
    })
}

/// Checks a value that says what the mail looks like.
pub(super) fn look(element: &str, attribute: &str, value: &str) -> Result<(), Problem> {
    if element.starts_with("mj") {
        style::mjml(value)
    } else if attribute == "style" {
        style::attribute(value)
    } else {
        Ok(())
    }
}

/// Checks a link: it says where it leads, and people's values cannot change that. Gives the tokens that have to be
/// percent-encoded.
pub(super) fn link(value: &str, tokens: &Tokens) -> Result<Vec<usize>, Problem> {
    let address = address(value, tokens)?;
    let scheme = ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| address.plain.starts_with(scheme));
    if scheme { Ok(address.encoded) } else { Err(Problem::Link(value.to_owned())) }
}

/// Checks the address of a picture: it lies with the brand, so that nobody else learns who opens a mail and when. Gives
/// the tokens that have to be percent-encoded.
pub(super) fn picture(value: &str, base: &Url, tokens: &Tokens) -> Result<Vec<usize>, Problem> {
    let address = address(value, tokens)?;
    if address.is_ours {
        return Err(Problem::Place("as the address of a picture"));
    }
    // `background-url` becomes a part of a style, in quotes and brackets.
    let written = value.replace("&amp;", "");
    let plain = address.plain.replace("&amp;", "&");
    let is_whole = written.chars().all(|c| c.is_ascii_graphic() && !"&\"'()<>\\;`{}".contains(c));
    let is_of_the_brand = Url::parse(&plain).is_ok_and(|url| url.origin() == base.origin());
    if is_whole && is_of_the_brand {
        return Ok(address.encoded);
    }
    Err(Problem::Picture {
        // Where a value stands it begins, and the author knows what follows.
        address: address.head.to_owned(),
        origin: base.origin().ascii_serialization(),
    })
}

/// An address with the people's values left out.
struct Address<'a> {
    plain: String,
    /// What comes before the first value.
    head: &'a str,
    /// Whether all of it is a link that we make ourselves.
    is_ours: bool,
    encoded: Vec<usize>,
}

fn address<'a>(value: &'a str, tokens: &Tokens) -> Result<Address<'a>, Problem> {
    let mut address = Address { plain: String::new(), head: value, is_ours: false, encoded: Vec::new() };
    let mut rest = 0;
    for (start, end, token) in tokens.find(value) {
        if rest == 0 {
            address.head = &value[..start];
        }
        address.plain.push_str(&value[rest..start]);
        rest = end;
        let Token::Value { field, .. } = tokens.get(token) else {
            return Err(Problem::Place("as a condition in an address; put the whole link into the condition"));
        };
        if start == 0 && field.is_link() {
            address.is_ours = true;
            address.plain.push_str("https://ours/");
        } else if leads_somewhere(&address.plain) {
            address.encoded.push(token);
        } else {
            return Err(Problem::Place("where it decides where a link leads; it may follow behind the host name"));
        }
    }
    address.plain.push_str(&value[rest..]);
    Ok(address)
}

/// Whether scheme and host are complete.
fn leads_somewhere(before: &str) -> bool {
    let host = before.strip_prefix("https://").or_else(|| before.strip_prefix("http://"));
    host.is_some_and(|host| host.find(['/', '?', '#']).is_some_and(|end| end > 0)) || before.starts_with("mailto:")
}
