//! The ledger as CSV (RFC 4180).

use chrono::{DateTime, SecondsFormat, Utc};

use super::Line;

/// The first line, which names the columns.
pub const HEADER: &str = "id,address,provider,state,attempts,class,code,reply,rule,skipped_why,last_attempt_at,due_at,sent_at,\
                          bounced_at,complained_at\r\n";

impl Line {
    /// The line as CSV, with its end. What a spreadsheet would take for a formula has a `'` before it: addresses and a relay's words
    /// are strangers' text.
    pub fn csv(&self) -> String {
        let (delivery, last) = (&self.entry.delivery, self.entry.last.as_ref());
        let fields = [
            delivery.key.to_string(),
            self.address.as_ref().map(ToString::to_string).unwrap_or_default(),
            delivery.lane.to_string(),
            delivery.state.to_string(),
            delivery.attempts.to_string(),
            last.and_then(|last| last.class.clone()).unwrap_or_default(),
            last.and_then(|last| last.code).map(|code| code.to_string()).unwrap_or_default(),
            last.map(|last| last.reply.clone()).unwrap_or_default(),
            last.and_then(|last| last.rule.clone()).unwrap_or_default(),
            delivery.skipped_why.clone().unwrap_or_default(),
            time(last.map(|last| last.at)),
            time(delivery.due_at),
            time(delivery.sent_at),
            time(delivery.bounced_at),
            time(delivery.complained_at),
        ];
        let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
        fields.join(",") + "\r\n"
    }
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

/// A field, quoted where it must be and made harmless where it begins as a formula does (OWASP, *CSV Injection*).
fn quoted(field: &str) -> String {
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
    use super::quoted;

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
            assert_eq!(quoted(field), expected, "{field:?}");
        }
    }
}
