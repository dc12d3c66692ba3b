use crate::error::Problem;

/// Refuses the rules of a style sheet that load a style sheet or a font, and those that could reach the footer.
///
/// Rules behind an `@` are the one part of an author's styles that stays a style sheet, because what they say depends on the
/// reader. The footer stands in the same document, so there every selector has to end in a class of the author's own
/// (`.e-` is how the renderer's own begin, `.mj-` how mrml's do) or in an element that no footer has.
pub(super) fn check(words: &str) -> Result<(), Problem> {
    let words = plain(words)?;
    loads_nothing(&words)?;
    stays_in_the_body(&words)
}

/// The sheet as a reader's program sees it: comments separate, and what stands in quotes is no rule.
fn plain(words: &str) -> Result<String, Problem> {
    let mut seen = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find(['/', '"', '\'', '\\']) {
        let (before, behind) = rest.split_at(at);
        seen.push_str(before);
        rest = if let Some(comment) = behind.strip_prefix("/*") {
            seen.push(' ');
            comment.split_once("*/").map_or("", |(_, behind)| behind)
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

fn stays_in_the_body(words: &str) -> Result<(), Problem> {
    // Each open block is either a conditional rule's, in which there are rules, or a rule's, in which there are none.
    let mut open: Vec<bool> = Vec::new();
    let mut head = 0;
    for (at, brace) in words.match_indices(['{', '}', ';']) {
        let before = words[head..at].trim();
        head = at + 1;
        match brace {
            "{" if before.starts_with('@') => open.push(true),
            "{" => {
                if !open.is_empty() && !before.split(',').all(is_of_the_author) {
                    return Err(Problem::Style(format!(
                        "{before:?} in a rule behind an @ could reach the footer; select by a class of your own, such as .offer, or by h1"
                    )));
                }
                open.push(false);
            }
            "}" => drop(open.pop()),
            _ => {}
        }
    }
    Ok(())
}

/// What the footer has none of.
const NOT_IN_THE_FOOTER: [&str; 12] = ["h1", "h2", "h3", "h4", "h5", "h6", "img", "ul", "ol", "li", "blockquote", "hr"];

/// Whether a selector reaches only what the renderer adds nothing of.
fn is_of_the_author(selector: &str) -> bool {
    // Without a doctype, which mail programs may drop, classes are the same in any case.
    let selector = selector.to_ascii_lowercase();
    let last = selector.trim().rsplit([' ', '\t', '\n', '\r', '>', '+', '~']).next().unwrap_or_default();
    let mut names = last.split('.');
    let element = names.next().unwrap_or_default();
    let is_plain = last.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let is_own = |class: &str| !class.is_empty() && !class.starts_with("e-") && !class.starts_with("mj-");
    is_plain && (NOT_IN_THE_FOOTER.contains(&element) || names.any(is_own))
}

fn loads_nothing(words: &str) -> Result<(), Problem> {
    for rule in words.split('@').skip(1) {
        // A name ends at the first character that it cannot have (CSS Syntax 3 §4.3.3); in any case, it is the same name.
        let name = rule.split(|c: char| c.is_ascii_whitespace() || "{(;\"'/".contains(c)).next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        if matches!(name.as_str(), "import" | "font-face") {
            return Err(Problem::Style(format!("@{name} loads from elsewhere")));
        }
    }
    let words = words.to_ascii_lowercase();
    if let Some(function) = ["url(", "image-set(", "image(", "src("].iter().find(|function| words.contains(**function))
    {
        return Err(Problem::Style(format!("{function}) loads from elsewhere; a picture is an <mj-image>")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_loads_from_elsewhere_is_refused_however_it_is_written() {
        for sheet in [
            "@import url(https://elsewhere.example/x.css);",
            "p { color: red } @IMPORT'https://elsewhere.example/x.css';",
            "@import/**/\"x\";",
            "@\\69mport \"x\";",
            "@Font-Face{font-family:x;src:url(https://elsewhere.example/x.woff2)}",
        ] {
            assert!(check(sheet).is_err(), "{sheet}");
        }
    }

    #[test]
    fn what_depends_on_the_reader_is_not() {
        for sheet in [
            "",
            "p > a { color: red }",
            "@media (max-width: 480px) { .importer, p > a.offer { color: red } h1.x { color: red; margin: 0 } }",
            "/* a@b */",
        ] {
            assert_eq!(check(sheet), Ok(()), "{sheet}");
        }
    }

    #[test]
    fn what_could_reach_the_footer_is_refused_behind_an_at() {
        for selector in [
            "div",
            "*",
            "p a",
            ".e-page",
            ".e-page.e-soft",
            ".mj-outlook-group-fix",
            "[class]",
            "#x",
            ".offer, div",
            ".offer ~ div",
            ":not(.offer)",
            ".offer:has(p)",
            "div/**/",
            ".\\65-page",
            "",
        ] {
            let sheet = format!("@media all{{{selector}{{display:none!important}}}}");
            assert!(check(&sheet).is_err(), "{sheet}");
        }
        for sheet in
            ["@supports (x: y) { @media all { div { display: none } } }", "@media all { .x { color: red } p { } }"]
        {
            assert!(check(sheet).is_err(), "{sheet}");
        }
        assert_eq!(check("@media all { a.offer { color: red } }"), Ok(()));
    }
}
