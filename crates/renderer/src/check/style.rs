use crate::error::Problem;

/// Refuses the rules of a style sheet that load a style sheet or a font.
///
/// They are the one part of an author's styles that stays a style sheet, because what they say depends on the reader.
pub(super) fn check(words: &str) -> Result<(), Problem> {
    for rule in words.split('@').skip(1) {
        // A name ends at the first character that it cannot have (CSS Syntax 3 §4.3.3); in any case, it is the same name.
        let name = rule.split(|c: char| c.is_ascii_whitespace() || "{(;\"'/".contains(c)).next().unwrap_or_default();
        let name = name.to_ascii_lowercase();
        // An escape can stand for any letter, and no rule needs one.
        if matches!(name.as_str(), "import" | "font-face") || name.contains('\\') {
            return Err(Problem::Style(format!("@{name} loads from elsewhere")));
        }
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
        for sheet in ["", "p > a { color: red }", "@media (max-width: 480px) { .importer { color: red } }", "/* a@b */"]
        {
            assert_eq!(check(sheet), Ok(()), "{sheet}");
        }
    }
}
