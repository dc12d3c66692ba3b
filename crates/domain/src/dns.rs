use std::fmt;

/// A record that somebody has to publish in the DNS.
///
/// It prints as a line of a zone file (RFC 1035 §5.1), which is also what most providers' forms take in pieces.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsRecord {
    /// The whole name, without a dot at the end.
    pub name: String,
    /// Its type.
    pub kind: DnsKind,
    /// What it says: the whole text of a TXT, not cut into strings; of an MX, the preference and the host.
    pub value: String,
}

/// The types of records that a sender publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DnsKind {
    /// Who takes mail for a name.
    Mx,
    /// SPF, DKIM and DMARC.
    Txt,
}

impl DnsRecord {
    /// A text.
    pub fn txt(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), kind: DnsKind::Txt, value: value.into() }
    }

    /// A host that takes mail.
    pub fn mx(name: impl Into<String>, preference: u16, host: &str) -> Self {
        Self { name: name.into(), kind: DnsKind::Mx, value: format!("{preference} {}.", host.trim_end_matches('.')) }
    }
}

impl DnsKind {
    /// The type as a zone file spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mx => "MX",
            Self::Txt => "TXT",
        }
    }
}

impl fmt::Display for DnsKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for DnsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. IN {}", self.name, self.kind)?;
        match self.kind {
            DnsKind::Mx => write!(f, " {}", self.value),
            DnsKind::Txt => strings(&self.value).try_for_each(|string| write!(f, " \"{}\"", escaped(string))),
        }
    }
}

/// RFC 1035 §3.3: a character-string has at most 255 octets; RFC 6376 §3.6.2.2 and RFC 7208 §3.3 join them without a blank.
fn strings(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = (0..=rest.len().min(255)).rev().find(|at| rest.is_char_boundary(*at))?;
        let (string, behind) = rest.split_at(at);
        rest = behind;
        (!string.is_empty()).then_some(string)
    })
}

fn escaped(string: &str) -> String {
    string.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_into_strings_that_a_zone_can_hold() {
        let printed = DnsRecord::txt("s1._domainkey.example.com", "x".repeat(300)).to_string();
        let (start, end) = ("x".repeat(255), "x".repeat(45));
        assert_eq!(printed, format!("s1._domainkey.example.com. IN TXT \"{start}\" \"{end}\""));
    }

    #[test]
    fn a_record_prints_as_a_zone_has_it() {
        let mx = DnsRecord::mx("bounce.example.com", 10, "mail.example.com.");
        assert_eq!(mx.to_string(), "bounce.example.com. IN MX 10 mail.example.com.");
        let quoted = DnsRecord::txt("example.com", r#"say "hi" \o/"#);
        assert_eq!(quoted.to_string(), r#"example.com. IN TXT "say \"hi\" \\o/""#);
    }
}
