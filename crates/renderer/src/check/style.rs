//! What styles may say, in a style sheet and in an attribute.

mod sheet;
mod words;

use crate::error::Problem;

pub(super) use sheet::check as sheet;

/// Checks the value of a `style` attribute.
pub(super) fn attribute(value: &str) -> Result<(), Problem> {
    // What is left of references after those to quotes could be any character, a colon or a bracket too.
    let value = value.replace("&quot;", "\"").replace("&apos;", "'").replace("&#39;", "'");
    if value.contains(['&', '{', '}', '<', '>']) {
        return Err(Problem::Style(format!("{value:?} has a character that no style needs")));
    }
    let seen = words::plain(&value)?;
    words::loads_nothing(&seen)?;
    seen.split(';').try_for_each(words::declaration)
}

/// Checks an attribute of MJML, which becomes a part of a style or of a tag as it stands.
pub(super) fn mjml(value: &str) -> Result<(), Problem> {
    let is_plain = |c: char| c.is_alphanumeric() || " \t\r\n#%.,-_()/'!+".contains(c);
    if let Some(wrong) = value.chars().find(|c| !is_plain(*c)) {
        return Err(Problem::Style(format!("{wrong:?} cannot stand in an attribute of MJML")));
    }
    words::loads_nothing(&words::plain(value)?)
}
