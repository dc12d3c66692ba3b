use crate::error::Problem;

/// A style as a reader's program sees it: comments separate, and what stands in quotes is no rule.
pub(super) fn plain(style: &str) -> Result<String, Problem> {
    let mut seen = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(at) = rest.find(['/', '"', '\'', '\\']) {
        let (before, behind) = rest.split_at(at);
        seen.push_str(before);
        rest = if let Some(comment) = behind.strip_prefix("/*") {
            seen.push(' ');
            let (_, behind) =
                comment.split_once("*/").ok_or_else(|| Problem::Style("a comment is never closed".to_owned()))?;
            behind
        } else if let Some(behind) = behind.strip_prefix('/') {
            seen.push('/');
            behind
        } else if behind.starts_with('\\') {
            return Err(Problem::Style("an escape can stand for any character; write the character".to_owned()));
        } else {
            // Only a quote on the same line ends one, CSS Syntax 3 §4.3.5.
            let quote = &behind[..1];
            let (quoted, behind) = behind[1..].split_once(quote).unwrap_or(("\n", ""));
            if quoted.contains(['\n', '\r', '\u{c}', '\\']) {
                return Err(Problem::Style(format!("a {quote} is not closed on its line, or an escape is in it")));
            }
            seen.push_str(quote);
            seen.push_str(quote);
            behind
        };
    }
    seen.push_str(rest);
    Ok(seen)
}

/// Refuses the functions that fetch something.
pub(super) fn loads_nothing(seen: &str) -> Result<(), Problem> {
    let seen = seen.to_ascii_lowercase();
    match ["url(", "image-set(", "image(", "src("].iter().find(|function| seen.contains(**function)) {
        Some(function) => {
            let picture = "a picture is an <mj-image> or a background-url";
            Err(Problem::Style(format!("{function}) loads from elsewhere; {picture}")))
        }
        None => Ok(()),
    }
}

/// Refuses the properties that take an element out of its place, and so perhaps in front of the footer. Most mail
/// programs strip them anyway; `mso-` is how Word, which is Outlook's, spells the same.
pub(super) fn declaration(seen: &str) -> Result<(), Problem> {
    let name = seen.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    let moves = name == "position" || name.starts_with("mso-position") || name.starts_with("mso-element");
    if moves { Err(Problem::Style(format!("{name} takes an element out of its place; a mail cannot"))) } else { Ok(()) }
}
