/// A field of a CSV file (RFC 4180), quoted where it must be and made harmless where it begins as a formula does (OWASP, *CSV
/// Injection*): what a spreadsheet would take for one has a `'` before it. Addresses, and what staff and servers write, are
/// strangers' text.
pub fn csv_field(field: &str) -> String {
    let text = harmless(field);
    if text != field || text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// With a `'` before the sign of a formula, also where a spreadsheet that takes another character than the comma for the end of a cell
/// lets one begin in the middle of the field.
fn harmless(field: &str) -> String {
    let mut text = String::with_capacity(field.len() + 1);
    if field.starts_with(['\t', '\r', '\n']) {
        text.push('\'');
    }
    let mut begins = true;
    for sign in field.chars() {
        if begins && ['=', '+', '-', '@'].contains(&sign) {
            text.push('\'');
        }
        begins = match sign {
            ';' | '\t' | '\r' | '\n' => true,
            '"' | ' ' => begins,
            _ => false,
        };
        text.push(sign);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::csv_field;

    #[test]
    fn a_field_stays_one_field_and_no_formula() {
        for (field, expected) in [
            ("ada@example.com", "ada@example.com"),
            ("", ""),
            ("no, \"never\"", "\"no, \"\"never\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=HYPERLINK(1)", "\"'=HYPERLINK(1)\""),
            ("+1@example.com", "\"'+1@example.com\""),
            ("-1", "\"'-1\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
            ("\t=1", "\"'\t'=1\""),
            ("550 =1", "550 =1"),
            ("550 no;=HYPERLINK(1)", "\"550 no;'=HYPERLINK(1)\""),
            ("550 no\t@SUM(1)", "\"550 no\t'@SUM(1)\""),
            ("550 no; \"+1", "\"550 no; \"\"'+1\""),
            ("two\r\n-1", "\"two\r\n'-1\""),
            ("a; b=1", "a; b=1"),
        ] {
            assert_eq!(csv_field(field), expected, "{field:?}");
        }
    }
}
