use super::words::{declaration, loads_nothing, plain};
use crate::error::Problem;

/// Checks a style sheet: it loads nothing, and it is about the author's own elements.
///
/// Its rules are worked into the author's elements before there is a footer. Only those behind an `@` stay a style
/// sheet, because what they say depends on the reader. The footer stands in the same document, so there every selector
/// has to end in a class of the author's own (`.e-` is how the renderer's own begin, `.mj-` how mrml's do) or in an
/// element that no footer has.
pub(in crate::check) fn check(sheet: &str) -> Result<(), Problem> {
    if sheet.contains('<') {
        return Err(Problem::Style("a < cannot stand in a style sheet".to_owned()));
    }
    let seen = plain(sheet)?;
    loads_nothing(&seen)?;
    let mut blocks = Blocks::default();
    let mut brackets = 0_usize;
    let mut head = 0;
    for (at, mark) in seen.match_indices(['{', '}', ';', '(', ')', '[', ']']) {
        match mark {
            "(" | "[" => brackets += 1,
            ")" | "]" => brackets = brackets.checked_sub(1).ok_or_else(unbalanced)?,
            _ if brackets > 0 => return Err(unbalanced()),
            _ => {
                let before = seen[head..at].trim();
                head = at + 1;
                match mark {
                    "{" => blocks.open(before)?,
                    "}" => blocks.close(before)?,
                    _ => blocks.statement(before)?,
                }
            }
        }
    }
    if brackets > 0 || !blocks.0.is_empty() || !seen[head..].trim().is_empty() {
        return Err(unbalanced());
    }
    Ok(())
}

fn unbalanced() -> Problem {
    Problem::Style("a bracket is not closed, or closes nothing".to_owned())
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Block {
    /// `@media …`: rules stand in it.
    Condition,
    /// A rule: declarations stand in it.
    Rule,
}

/// The open blocks.
#[derive(Debug, Default)]
struct Blocks(Vec<Block>);

impl Blocks {
    fn open(&mut self, before: &str) -> Result<(), Problem> {
        if self.0.last() == Some(&Block::Rule) {
            return Err(Problem::Style(format!("{before:?} stands in another rule; write it behind that")));
        }
        if let Some(rule) = before.strip_prefix('@') {
            self.0.push(Block::Condition);
            return at_rule(rule);
        }
        let depends_on_the_reader = !self.0.is_empty();
        self.0.push(Block::Rule);
        if depends_on_the_reader && !before.split(',').all(is_of_the_author) {
            return Err(Problem::Style(format!(
                "{before:?} in a rule behind an @ could reach the footer; select by a class of your own, such as \
                 .offer, or by h1"
            )));
        }
        match before.split(',').find(|selector| is_the_document(selector)) {
            Some(selector) => Err(Problem::Style(format!(
                "{:?} is the whole mail, footer included; the ground is <mj-body background-color>, and what all words \
                 have in common stands in <mj-all>",
                selector.trim()
            ))),
            None => Ok(()),
        }
    }

    fn close(&mut self, before: &str) -> Result<(), Problem> {
        match self.0.pop() {
            Some(Block::Rule) => declaration(before),
            Some(Block::Condition) if before.is_empty() => Ok(()),
            Some(Block::Condition) | None => Err(unbalanced()),
        }
    }

    fn statement(&mut self, before: &str) -> Result<(), Problem> {
        match self.0.last() {
            Some(Block::Rule) => declaration(before),
            _ => match before.strip_prefix('@') {
                Some(rule) => at_rule(rule),
                None => Ok(()),
            },
        }
    }
}

/// Only conditions: the others load something, or have a say in rules that stand elsewhere.
fn at_rule(rule: &str) -> Result<(), Problem> {
    // A name ends at the first character that it cannot have (CSS Syntax 3 §4.3.3); in any case, it is the same name.
    let name = rule.split(|c: char| c.is_ascii_whitespace() || "(\"'/".contains(c)).next().unwrap_or_default();
    match name.to_ascii_lowercase().as_str() {
        "media" | "supports" => Ok(()),
        name @ ("import" | "font-face") => Err(Problem::Style(format!("@{name} loads from elsewhere"))),
        name => Err(Problem::Style(format!("mail programs do not know @{name}; there are @media and @supports"))),
    }
}

/// What a selector selects: the last of its elements, in small letters. Without a doctype, which mail programs may
/// drop, classes are the same in any case.
fn subject(selector: &str) -> String {
    let selector = selector.to_ascii_lowercase();
    selector.trim().rsplit([' ', '\t', '\n', '\r', '>', '+', '~']).next().unwrap_or_default().to_owned()
}

/// Whether a selector selects what belongs to no author.
fn is_the_document(selector: &str) -> bool {
    let subject = subject(selector);
    let element = subject.split(['.', '#', '[', ':']).next().unwrap_or_default();
    matches!(element, "html" | "head" | "body") || subject.contains(":root")
}

/// What the footer has none of.
const NOT_IN_THE_FOOTER: [&str; 12] = ["h1", "h2", "h3", "h4", "h5", "h6", "img", "ul", "ol", "li", "blockquote", "hr"];

/// Whether a selector reaches only what the renderer adds nothing of.
fn is_of_the_author(selector: &str) -> bool {
    let subject = subject(selector);
    let mut names = subject.split('.');
    let element = names.next().unwrap_or_default();
    let is_plain = subject.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    let is_own = |class: &str| !class.is_empty() && !class.starts_with("e-") && !class.starts_with("mj-");
    is_plain && (NOT_IN_THE_FOOTER.contains(&element) || names.any(is_own))
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
