//! How long it takes to work style sheets into elements, which is asked before it is done: each selector is tried on every element.

use crate::error::Problem;

/// How many looks at an element may be needed. A large newsletter takes some hundred thousand; ten millions take less than a second.
const LIMIT: usize = 10_000_000;

/// What has a selector look at an element's neighbours as well, of which there may be as many as elements.
const NEIGHBOURS: &[&str] = &["~", ":nth", "of-type", ":only", ":has"];

/// Refuses style sheets that would take too long with the elements of `html`.
pub(crate) fn check(sheets: &str, html: &str) -> Result<(), Problem> {
    let elements = html.as_bytes().windows(2).filter(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic()).count();
    let (mut selectors, mut looks) = (0_usize, 0_usize);
    for selector in selectors_of(sheets) {
        selectors += 1;
        let parts = selector.split([' ', '\t', '\n', '\r', '>', '+', '~']).filter(|part| !part.is_empty()).count();
        let lower = selector.to_ascii_lowercase();
        let each = if NEIGHBOURS.iter().any(|word| lower.contains(word)) { elements } else { 1 };
        looks = looks.saturating_add(elements.saturating_mul(each).saturating_mul(parts.max(1)));
    }
    match looks > LIMIT {
        true => Err(Problem::TooMuchStyle { selectors, elements }),
        false => Ok(()),
    }
}

/// What stands in front of each `{`, one by one. What is in at-rules is counted as well, though it stays a style sheet.
fn selectors_of(sheets: &str) -> impl Iterator<Item = &str> {
    let before = sheets.split('{').map(|piece| piece.rsplit(['}', ';']).next().unwrap_or_default());
    // Behind the last `{` no selector follows.
    before.take(sheets.matches('{').count()).flat_map(|prelude| prelude.split(','))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sheet: &str, elements: usize) -> bool {
        check(sheet, &"<p>x</p>".repeat(elements)).is_err()
    }

    #[test]
    fn what_a_large_newsletter_has_is_worked_in() {
        let sheet = ".a, .b td { color: red } @media print { p { margin: 0 } }".repeat(100);
        assert!(!refused(&sheet, 5_000));
        assert!(!refused("p:nth-child(2n) { color: red }", 3_000));
    }

    #[test]
    fn what_would_take_long_is_refused() {
        assert!(refused(&"a{b:c}".repeat(10_000), 2_000));
        assert!(refused(&format!("{}{{b:c}}", vec!["a"; 10_000].join(",")), 2_000));
        assert!(refused("p~x~p{b:c}", 5_000));
        assert!(refused("p:NTH-last-child(3n+1){b:c}", 5_000));
        assert!(refused(&format!("{}{{b:c}}", "p ".repeat(10_000)), 2_000));
    }

    #[test]
    fn selectors_are_counted_one_by_one() {
        let found: Vec<&str> = selectors_of("a,b{c:d;e:f,g}@media x{h{i:j}}k{}l").map(str::trim).collect();
        assert_eq!(found, ["a", "b", "@media x", "h", "k"]);
    }
}
